"""What happened in pools and on their chain: who was sandwiched, what block space cost."""
