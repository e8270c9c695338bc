"""The scoreboard: what markets of agents give back of what the field already knows.

Each model has a file with its experiments: functions that run ordinary scenario files, found in ``scenarios/theory``,
and compare what they measure with what :mod:`sim.models` solves. ``spreadgame theory`` runs them.
"""
