"""``python -m analysis.theory`` is ``spreadgame theory``."""

import sys

from spreadgame.commands.parser import main

main(["theory", *sys.argv[1:]])
