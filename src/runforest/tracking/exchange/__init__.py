"""Results found in a store and moved from and to it."""
