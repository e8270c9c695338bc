"""Strategies whose orders are drawn at random."""
