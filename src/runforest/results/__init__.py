"""Results of tasks: files, manifests, formats, and the index."""
