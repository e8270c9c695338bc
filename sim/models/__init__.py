"""The published models solved in numbers: strategies play them, and the scoreboard expects them."""
