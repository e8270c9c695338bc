"""Places that trade one instrument by one mechanism: one mechanism a file."""
