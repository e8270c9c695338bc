"""Everything that reads runs: pictures and tables now; spreads, attribution, risk and equilibria to come."""
