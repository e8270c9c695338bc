"""What trades tell and what they cost: models of the spread, information, price impact."""
