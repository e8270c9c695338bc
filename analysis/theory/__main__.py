"""``python -m analysis.theory`` is ``spreadgame theory``."""

import sys

from spreadgame.cli import main

main(["theory", *sys.argv[1:]])
