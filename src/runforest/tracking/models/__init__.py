"""Models as MLflow models."""
