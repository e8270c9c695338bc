"""What is read of a run: its trades, quotes, orders and queues as arrays."""
