"""The loop of a study: a trial is suggested, computed and recorded."""
