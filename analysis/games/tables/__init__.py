"""Games as tables of payoffs."""
