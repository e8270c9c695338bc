"""A market's game, played: profiles are run, candidates found, evidence gathered."""
