"""Launching: from the command line to a closed run."""
