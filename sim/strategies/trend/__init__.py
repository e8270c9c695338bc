"""Traders who act on what prices did: trends, values, rules that are chosen by their success."""
