"""The tracking store: connections, schema, failures."""
