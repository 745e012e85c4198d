"""The configuration: what a person writes, read and checked before anything runs."""
