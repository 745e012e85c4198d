"""Where a run comes from: its code, its environment, its configuration, as files."""
