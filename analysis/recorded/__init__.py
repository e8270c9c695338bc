"""Recorded markets beside the measures of simulated ones: spreads, impact, stylised facts, backtests of risk.

``python -m analysis.recorded [FOLDER]`` prints them of two NASDAQ days (AAPL and AMZN), one day of trades and
consolidated quotes (IBM), and two daily series (S&P 500 and Bitcoin). The data themselves are not in the repository;
:mod:`analysis.recorded.files` finds them.
"""
