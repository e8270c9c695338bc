"""A solved game as tables, text, plain data and pictures."""
