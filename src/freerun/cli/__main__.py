"""``python -m freerun.cli`` is ``freerun``."""

import sys

from freerun.cli import main

sys.exit(main())
