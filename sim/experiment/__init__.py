"""Many runs: seeds, grids, designs and profiles; on local cores or a cluster; kept chunk by chunk.

>>> from sim.experiment import grid, jobs_of, run_many
>>> from sim.scenario import load
>>> scenario = load("scenarios/quickstart.toml")  # doctest: +SKIP
>>> jobs = jobs_of(scenario, range(1, 101), grid({"makers.params.risk_aversion": [0.1, 0.2]}))  # doctest: +SKIP
>>> run_many(jobs, workers=2).by_job("makers.payoff").mean(axis=1)  # doctest: +SKIP
"""

from __future__ import annotations

from sim.experiment.designs import Range, cross, grid, jobs_of, latin_hypercube, profiles, sobol
from sim.experiment.jobs import Job
from sim.experiment.results import Results, open_many
from sim.experiment.run_many import SweepProgress, run_many
from sim.experiment.workers import open_workers

__all__ = [
    "Job", "Range", "Results", "SweepProgress", "cross", "grid", "jobs_of", "latin_hypercube", "open_many",
    "open_workers", "profiles", "run_many", "sobol",
]  # fmt: skip
