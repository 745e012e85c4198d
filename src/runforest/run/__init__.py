"""A run as its tasks see it."""
