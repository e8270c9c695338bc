"""Everything that reads runs: pictures and tables, spreads, attribution, risk and equilibria.

What a run is measured by declares itself in one of the rooms (:mod:`analysis.reading.registry`). The scripts at the top
run scenarios, ``python -m analysis.NAME``, and Ctrl-C ends one quietly while it begins.
"""

from sim.runs.leaving import leave_quietly_if_started

leave_quietly_if_started("analysis")
