"""``python -m ecgcore COMMAND``."""

import sys

from ecgcore.cli import main

if __name__ == "__main__":
    sys.exit(main())
