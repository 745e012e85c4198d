"""`runforest why`: what made the difference between two runs."""
