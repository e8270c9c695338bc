"""``python -m spreadgame``."""

from spreadgame.cli import main

if __name__ == "__main__":
    main()
