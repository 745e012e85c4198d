"""Trials as child runs."""
