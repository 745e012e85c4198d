"""Estimators, folds and scores: what changes results."""
