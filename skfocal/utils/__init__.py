"""Helpers that no user calls."""
