"""Everything that makes a run happen."""
