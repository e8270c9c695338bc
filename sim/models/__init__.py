"""Published models, solved numerically: strategies play them, and the scoreboard compares markets with them."""
