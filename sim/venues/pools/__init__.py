"""Automated market makers: pools that trade by a curve, one curve per file."""
