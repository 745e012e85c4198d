"""Opening, executing and closing a run."""
