"""The command line: one command a file. What may be typed and what it does stand in the command's own file.

A command's file has ``declare(parser)``, which says what may be typed behind its name, and ``call(given)``, which does
what was typed and returns the exit code. It imports what is slow when it is called. Its name and its line in ``--help``
stand in :data:`spreadgame.commands.parser.COMMANDS`.
"""
