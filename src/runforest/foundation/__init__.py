"""What every room stands on: errors, names on disk, secrets, imports by path, file locks."""
