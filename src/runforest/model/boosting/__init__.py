"""Boosting with an eye on validation rows: scores round by round, and when to stop."""
