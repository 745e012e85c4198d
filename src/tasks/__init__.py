"""Your tasks. Runforest imports every module below this folder, which makes its tasks known."""
