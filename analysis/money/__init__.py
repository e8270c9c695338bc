"""Where the money went: who earned what from whom, and for what."""
