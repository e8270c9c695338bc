"""How good a market is: spreads, depth, volatility, price discovery, market making."""
