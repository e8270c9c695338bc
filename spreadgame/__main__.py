"""``python -m spreadgame``, and the command ``spreadgame``: Ctrl-C ends the first imports quietly too."""

from sim.runs.leaving import leave_quietly

leave_quietly()

from spreadgame.commands.parser import main  # noqa: E402 -- this is what may be interrupted

if __name__ == "__main__":
    main()
