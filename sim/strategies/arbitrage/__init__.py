"""Strategies that trade one venue against another."""
