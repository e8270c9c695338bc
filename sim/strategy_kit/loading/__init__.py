"""A user's strategy file: reading it, checking its code, recognising it later."""
