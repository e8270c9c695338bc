"""What lots are privately worth to those who trade them."""
