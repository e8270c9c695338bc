"""Which equilibrium is reached: motion, learning, error, correlation, and what all get together."""
