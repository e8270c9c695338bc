"""Equilibria of a table: one algorithm a file."""
