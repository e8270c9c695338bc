"""How much of what happens in a market answers what happened before in it."""
