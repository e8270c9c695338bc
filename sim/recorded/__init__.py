"""Recorded exchange messages: their readers, and a replay through the engine."""
