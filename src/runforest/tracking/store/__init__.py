"""The tracking store: URIs, connections, the database behind, failures."""
