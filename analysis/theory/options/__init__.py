"""Options: what they pay, what a hedge of them leaves and costs, and what it does to the price."""
