"""Training an estimator in steps, so that a search can give up a trial before it is done."""
