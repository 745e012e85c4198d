"""Settings of the kedro project: all as they are by default."""
