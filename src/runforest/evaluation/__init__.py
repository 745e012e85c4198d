"""Scores, plots and the report of a model, as pure functions of tables and estimators."""
