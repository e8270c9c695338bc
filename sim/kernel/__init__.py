"""The loop over steps and turns, and what it calls: arrivals, episodes, samples."""
