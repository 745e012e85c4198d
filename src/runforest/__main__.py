"""`python -m runforest`: the `runforest` command."""

import sys

from runforest.launch.cli import main

if __name__ == "__main__":
    sys.exit(main())
