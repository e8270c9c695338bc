"""Strategies of many authors in one market: each alone, in pairs, and all together, on common seeds.

Files of others are loaded and run in processes of their own, with limits of time and memory, never in the one that
asks. A file that cannot play is named with its reason. ``spreadgame tournament`` is the command.
"""
