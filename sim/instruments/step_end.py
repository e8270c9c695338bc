"""What instruments do when a step ends: they pay, those whose date it is are settled, and moves of marks are noted."""

from __future__ import annotations

from sim.core.compiled import inlined
from sim.instruments.kinds import pay_incomes, settle_expired
from sim.instruments.value_at_risk import note_moves


@inlined
def end_instruments(world, last):
    """A step ends. An episode's last step settles all instruments later, once results hold what was held."""
    pay_incomes(world)
    if not last:
        settle_expired(world)
    if len(world.risk) > 0:
        note_moves(world)
        world.risk[0].scanned = 0  # margin and limits are looked at next, at the marks of now
