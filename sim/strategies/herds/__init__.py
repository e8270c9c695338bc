"""Traders who act on what others did: imitators, groups that act as one, learners from the tape."""
