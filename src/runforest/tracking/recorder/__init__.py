"""The recorder: from a run's journal to the tracking store."""
