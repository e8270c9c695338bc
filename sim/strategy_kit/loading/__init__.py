"""A user's strategy file: reading it, checking its code, knowing it again."""
