"""Traders whose positions make them trade when the price moves: hedges, leverage, insurance, stops."""
