"""Equilibria of a table, one algorithm per file."""
