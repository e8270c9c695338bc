"""Hawkes processes, plainly: exact simulations, and likelihoods written as their formulas, in O(events²)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

Floats = NDArray[np.float64]
Kernels = Sequence[tuple[float, float]]  # masses and decays


def branched(rate: float, kernels: Kernels, seconds: float, seed: int, warm_up: float = 0.0) -> Floats:
    """Times in (0, seconds], generation after generation (Hawkes and Oakes 1974): exact, but for what came before.

    Parameters
    ----------
    warm_up : seconds before 0 in which the process runs already.
    """
    random = np.random.default_rng(seed)
    born = random.uniform(-warm_up, seconds, random.poisson(rate * (seconds + warm_up)))
    every = [born]
    while len(born):
        children = []
        for mass, decay in kernels:
            parents = np.repeat(born, random.poisson(mass, len(born)))
            children.append(parents + random.exponential(1.0 / decay, len(parents)))
        born = np.concatenate(children)
        born = born[born <= seconds]
        every.append(born)
    times = np.sort(np.concatenate(every))
    return times[times > 0.0]


def thinned(rate: float, kernels: Kernels, seconds: float, seed: int) -> Floats:
    """Times in (0, seconds], each candidate kept with the probability of its rate (Ogata 1981); starts with no past."""
    random = np.random.default_rng(seed)
    masses, decays = np.array(kernels, float).T
    time, excited, times = 0.0, np.zeros(len(masses)), []
    while True:
        most = rate + (masses * decays * excited).sum()
        wait = random.exponential(1.0 / most)
        time += wait
        if time > seconds:
            return np.array(times)
        excited *= np.exp(-decays * wait)
        if random.random() * most <= rate + (masses * decays * excited).sum():
            times.append(time)
            excited += 1.0


def counted(rate: float, kernels: Kernels, steps: int, seed: int) -> NDArray[np.int64]:
    """Events of each step, (steps,): Poisson given the past, decays per step, no past before the first."""
    random = np.random.default_rng(seed)
    masses, decays = np.array(kernels, float).T
    weights, kept, excited, counts = np.expm1(decays), np.exp(-decays), np.zeros(len(masses)), []
    for _ in range(steps):
        counts.append(random.poisson(rate + (masses * weights * excited).sum()))
        excited = kept * (excited + counts[-1])
    return np.array(counts)


def jumping(rates: Sequence[float], stretch: float, seed: int) -> Floats:
    """A Poisson stream whose rate jumps after each stretch of so many seconds: nothing answers anything."""
    random = np.random.default_rng(seed)
    parts = [
        place * stretch + np.sort(random.uniform(0.0, stretch, random.poisson(rate * stretch)))
        for place, rate in enumerate(rates)
    ]
    return np.concatenate(parts)


def log_likelihood(times: Floats, seconds: float, baselines: Sequence[float], kernels: Kernels) -> float:
    """Of a stream watched from 0 on, with a baseline in each of equal windows."""
    width = seconds / len(baselines)
    value = -sum(baselines) * width
    for place, time in enumerate(times):
        rate = baselines[min(int(time / width), len(baselines) - 1)]
        for mass, decay in kernels:
            rate += mass * decay * np.exp(-decay * (time - times[:place])).sum()
        value += np.log(rate) - sum(mass * -np.expm1(-decay * (seconds - time)) for mass, decay in kernels)
    return float(value)


def rates_of_steps(counts: NDArray[np.int64], baselines: Sequence[float], kernels: Kernels) -> Floats:
    """Expected events of each step given those before, (steps,); decays per step, baselines per step."""
    steps = np.arange(len(counts))
    rates = np.asarray(baselines, float)[steps * len(baselines) // len(counts)]
    for step in steps:
        back = step - steps[:step]
        for mass, decay in kernels:
            rates[step] += mass * (np.expm1(decay) * np.exp(-decay * back) * counts[:step]).sum()
    return rates


def counts_log_likelihood(counts: NDArray[np.int64], baselines: Sequence[float], kernels: Kernels) -> float:
    """Of counts per step."""
    return float(poisson.logpmf(counts, rates_of_steps(counts, baselines, kernels)).sum())
