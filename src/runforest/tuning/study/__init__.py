"""A study: what it is, what it found, and how it is shown."""
