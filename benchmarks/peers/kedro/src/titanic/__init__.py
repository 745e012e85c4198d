"""The pipeline as a kedro project."""
