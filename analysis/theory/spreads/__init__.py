"""Experiments on how makers set prices: adverse selection, order costs, inventory, competition."""
