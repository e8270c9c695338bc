"""What can be held, and what the world does to it: values, income, settlement."""
