"""A run: from a scenario to a World, through the loop, to the tables that it leaves."""
