"""The loop of a study: ask, compute, tell."""
