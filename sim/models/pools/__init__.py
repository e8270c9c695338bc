"""Automated market makers in exact whole numbers, as their contracts compute them, and formulas about them."""
