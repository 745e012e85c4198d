"""Opening and closing a run in the tracking store."""
