"""``python -m certcore.cli``: the same as ``certcore``."""

from __future__ import annotations

import sys

from certcore.cli import main

if __name__ == "__main__":
    sys.exit(main())
