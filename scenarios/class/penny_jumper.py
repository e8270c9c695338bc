"""A maker that quotes one tick inside the best quotes of others, as long as there is room."""

from spreadgame.strategy import BUY, NO_ASK, NO_BID, SELL, Parameter, best_of_others, inventory, requote, strategy


@strategy(
    "penny_jumper",
    summary="betters the best quotes of others by a tick",
    source="an example for a class",
    parameters={
        "quantity": Parameter(1, "size of each order", unit="lots", low=1, high=1_000),
        "inventory_limit": Parameter(20, "most lots held either way", unit="lots", low=1, high=1_000),
    },
    memory={"bid": int, "ask": int},
    max_messages=2,
)
def act(me, market):
    """Better both best quotes of others by a tick; where that would leave no spread, keep the orders as they are."""
    choice, kept = me.parameters, me.memory
    bid, ask = best_of_others(me, market, me.venue, BUY), best_of_others(me, market, me.venue, SELL)
    if bid == NO_BID or ask == NO_ASK or ask - bid < 3:
        return
    held = inventory(me, market)
    buying = min(choice.quantity, choice.inventory_limit - held)
    selling = min(choice.quantity, choice.inventory_limit + held)
    kept.bid = requote(me, market, me.venue, kept.bid, BUY, bid + 1, max(0, buying))
    kept.ask = requote(me, market, me.venue, kept.ask, SELL, ask - 1, max(0, selling))
