"""The market as a Mesa model, and its agents."""
