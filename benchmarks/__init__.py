"""Side-by-side measurements of Runforest: `python -m benchmarks`, or one of them by its name."""
