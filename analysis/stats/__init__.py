"""Estimates with standard errors, and how they are made."""
