"""Everything that reads runs: pictures and tables, spreads, attribution, risk and equilibria.

Most modules are commands too, ``python -m analysis.NAME RUN``, and Ctrl-C ends one quietly while it begins.
"""

from sim.runs.leaving import leave_quietly_if_started

leave_quietly_if_started("analysis")
