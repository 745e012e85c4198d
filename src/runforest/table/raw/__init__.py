"""Files as people have them: compression, encoding, dialect, rows; every format."""
