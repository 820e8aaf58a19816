"""Boosted trees that add up honest log-odds."""
