"""Search for the best parameters of an estimator: space, samplers, scores, driver and plots."""
