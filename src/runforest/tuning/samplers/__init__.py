"""Samplers and pruners by name."""
