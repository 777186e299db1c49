"""``python -m tinykit``."""

import sys

from tinykit.cli.app import main

sys.exit(main())
