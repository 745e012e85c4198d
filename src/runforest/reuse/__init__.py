"""Reuse: which tasks need not run, and why the others do."""
