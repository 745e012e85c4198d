"""Studies on disk, and going on with them."""
