"""Results that are kept and read again: what they depend on, whether they are whole, who writes in their folder."""
