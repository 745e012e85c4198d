"""An experiment: read, checked and planned."""
