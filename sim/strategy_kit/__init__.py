"""The tools for writing strategies: how they declare themselves, what they see and what they send."""
