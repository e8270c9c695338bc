"""Private values of lots to the agents who trade them."""
