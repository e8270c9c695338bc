"""Results that are kept and read again: what they depend on, that they are whole, and who writes in their folder."""
