"""Recorded runs: compared, done again, traced and deleted."""
