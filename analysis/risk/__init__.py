"""What may be lost: positions, value at risk and its backtests, how returns are distributed."""
