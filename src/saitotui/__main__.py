"""`python -m saitotui`."""

import sys

from saitotui.cli import main

if __name__ == "__main__":
    sys.exit(main())
