"""What a study shows of itself: its progress in the run, and its plots."""
