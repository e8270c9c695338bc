"""Counter-based random streams: a draw is a function of who draws, when, for what, and which draw it is.

A key is mixed part by part with splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators"): seed, population name, agent number, episode, step, purpose. The draw number counts from 0 in every turn.
So a population's draws do not depend on what other populations do, how many workers run, or how long a chunk is.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np

from sim.core.compiled import COMPILED, njit

# Purposes, the last part of a key.
ARRIVAL, TURN_ORDER, ACT, SIGNAL, PRIVATE_VALUE, ENTRY, AGAIN = (np.int64(i) for i in range(1, 8))

if COMPILED:

    @njit
    def mix(key, part):
        """Mix one more part (any integer) into a key; both and the result are uint64."""
        z = (np.uint64(key) ^ np.uint64(part)) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))

    @njit
    def to_uniform(word):
        """A float64 strictly between 0 and 1 from the top 52 bits of a word."""
        return (np.float64(word >> np.uint64(12)) + 0.5) * 2.220446049250313e-16

else:
    _MASK = 2**64 - 1

    def mix(key, part):
        """Mix one more part (any integer) into a key; the result is a uint64."""
        z = ((int(key) ^ (int(part) & _MASK)) + 0x9E3779B97F4A7C15) & _MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return np.uint64(z ^ (z >> 31))

    def to_uniform(word):
        """A float64 strictly between 0 and 1 from the top 52 bits of a word."""
        return (float(int(word) >> 12) + 0.5) * 2.220446049250313e-16


def name_key(kind: str, name: str) -> np.uint64:
    """A uint64 for a name, the same in every process and version: how populations and groups enter a key."""
    return np.uint64(int.from_bytes(hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=8).digest(), "little"))


@njit
def next_uniform(world):
    """The next draw of the agent whose turn it is, uniform on (0, 1)."""
    clock = world.clock[0]
    word = mix(clock.draw_key, clock.draw)
    clock.draw += 1
    return to_uniform(word)


@njit
def normal_quantile(p):
    """Standard normal quantile of p in (0, 1): Wichura 1988, Algorithm AS 241 (PPND16), relative error about 1e-16."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((((((r * 2509.0809287301226727 + 33430.575583588128105) * r + 67265.770927008700853) * r
                   + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                + 133.14166789178437745) * r + 3.387132872796366608)  # fmt: skip
        low = (((((((r * 5226.495278852545925 + 28729.085735721942674) * r + 39307.89580009271061) * r
                   + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                + 42.313330701600911252) * r + 1.0)  # fmt: skip
        return q * top / low
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = (((((((r * 7.7454501427834140764e-4 + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                   + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
                + 4.6303378461565452959) * r + 1.42343711074968357734)  # fmt: skip
        low = (((((((r * 1.05075007164441684324e-9 + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                   + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
                + 2.05319162663775882187) * r + 1.0)  # fmt: skip
    else:
        r -= 5.0
        top = (((((((r * 2.01033439929228813265e-7 + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                   + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
                + 5.4637849111641143699) * r + 6.6579046435011037772)  # fmt: skip
        low = (((((((r * 2.04426310338993978564e-15 + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                   + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
                + 0.59983220655588793769) * r + 1.0)  # fmt: skip
    return -top / low if q < 0.0 else top / low
