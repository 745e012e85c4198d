"""What is wrong with an experiment, found before a run is opened."""
