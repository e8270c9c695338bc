"""Experiments on prices that react to trading: feedback, herds, endogenous volatility, crashes."""
