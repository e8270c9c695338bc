"""What rules are written with: sizes of exposures, and orders that bring positions nearer to zero."""
