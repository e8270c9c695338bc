"""A run that is stepped from outside: agents, orders, the log and its replay; and one limit order book by itself."""
