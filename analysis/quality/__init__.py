"""The quality of a market: spreads, depth, volatility, price discovery, market making."""
