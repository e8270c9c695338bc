"""Experiments with zero-intelligence traders: efficiency, random books, equilibria of shading."""
