"""How sure one is that nobody would deviate."""
