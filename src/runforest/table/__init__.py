"""Raw files as typed tables: read, their columns recognised, one schema for train and test."""
