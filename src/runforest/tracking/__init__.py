"""Tracking: the only package that talks to MLflow, always with an explicit run id."""
