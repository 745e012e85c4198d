"""How columns become what an estimator is fitted on."""
