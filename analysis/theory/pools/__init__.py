"""Automated market makers: what they lose to who knows the price, how deep they are, what a provider is left with."""
