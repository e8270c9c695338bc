"""Whole numbers of 128 bits, for the products of a curve: in compiled code two words, in plain Python an int."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.core.compiled import COMPILED, inlined, njit

if TYPE_CHECKING or not COMPILED:

    def product_quotient(a: int, b: int, c: int, d: int, e: int) -> int:
        """``a * b // (c * d + e)``, exactly.

        Parameters
        ----------
        a, b, c, d, e : int64, none negative; the denominator is positive and the quotient below 2**62.
        """
        return np.int64(int(a) * int(b) // (int(c) * int(d) + int(e)))  # type: ignore[return-value]

else:
    _HALF = np.uint64(32)
    _LOW = np.uint64(0xFFFFFFFF)
    _NONE, _ONE = np.uint64(0), np.uint64(1)
    _WORD = 2.0**64

    @inlined
    def _product(a: Any, b: Any) -> Any:
        """The high and the low word of a product of two words."""
        a_low, a_high, b_low, b_high = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
        low, one, other, high = a_low * b_low, a_low * b_high, a_high * b_low, a_high * b_high
        middle = (low >> _HALF) + (one & _LOW) + (other & _LOW)
        return high + (one >> _HALF) + (other >> _HALF) + (middle >> _HALF), (low & _LOW) | (middle << _HALF)

    @inlined
    def _about(high: Any, low: Any) -> Any:
        """A number of two words as float64."""
        return np.float64(high) * _WORD + np.float64(low)

    @njit
    def product_quotient(a, b, c, d, e):
        """``a * b // (c * d + e)``, exactly, as float64 guesses it and whole numbers put it right."""
        n_high, n_low = _product(np.uint64(a), np.uint64(b))
        d_high, product_low = _product(np.uint64(c), np.uint64(d))
        d_low = product_low + np.uint64(e)
        if d_low < product_low:
            d_high += _ONE
        denominator = _about(d_high, d_low)
        found = np.int64(_about(n_high, n_low) / denominator)
        while True:
            high, low = _product(np.uint64(found), d_low)
            high += np.uint64(found) * d_high
            rest_low = n_low - low
            rest_high = n_high - high - (_ONE if n_low < low else _NONE)
            if np.int64(rest_high) < 0:  # the guess was too high: by how much, the negative of the rest tells
                rest_low = _NONE - rest_low
                rest_high = ~rest_high + (_ONE if rest_low == _NONE else _NONE)
                found -= np.int64(np.ceil(_about(rest_high, rest_low) / denominator))
            elif rest_high > d_high or (rest_high == d_high and rest_low >= d_low):
                found += max(np.int64(_about(rest_high, rest_low) / denominator), np.int64(1))
            else:
                return found
