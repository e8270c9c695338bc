"""What strategies are written with: how they declare themselves, what they see and what they send."""
