"""The fingerprint: what a result depends on, each ingredient by name."""
