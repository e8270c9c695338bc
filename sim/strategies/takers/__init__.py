"""Strategies that take what is quoted."""
