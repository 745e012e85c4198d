"""Dask: trials on a cluster."""
