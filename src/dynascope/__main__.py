"""`python -m dynascope` is the command `dynascope`."""

import sys

from .cli import main

sys.exit(main())
