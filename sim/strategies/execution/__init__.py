"""Strategies that buy or sell a given quantity."""
