"""Strategies that quote."""
