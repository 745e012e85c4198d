"""`runforest reproduce`: a recorded run once more."""
