"""Read a cluster slot by slot, for a read that found its slots moving: each slot whole, on the server that holds it.

Depends on redis-py's client and on the map of slots. Does not know what is read of a key. Scripts run alone on their
server, so one that finds a slot there, and nothing of it on its way, sees all its keys at that moment. A slot
that was read need not be read again wherever it goes later; one that is moving is read once it has arrived.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from ys_analytics.stores.common.retry import Interrupted, LayoutChanged
from ys_analytics.stores.redis import topology

# Slots asked for in one call; the script stops sooner where they hold many keys.
_SLOTS_PER_CALL = 4_096

# Seconds before slots that were on their way are looked for again.
_PAUSE_SECONDS = 0.05


def steps(client: Any, step: str, pattern: str, *, until: float) -> Iterator[list[Any]]:
    """What a script gives for the keys of every slot, each slot once.

    Args:
        client: The redis-py client of a cluster.
        step: A script of `script.by_slot`.
        pattern: What its keys match, as Lua writes it.
        until: When to give up, by `time.monotonic`.

    Raises:
        LayoutChanged: some slots moved, or had no server, as long as the time lasted.
        Interrupted: a server was emptied or began anew after some of its keys had been read.
        redis.exceptions.RedisError: a server does not answer.
    """
    remaining = set(range(topology.SLOTS))
    identities: dict[str, tuple[object, ...]] = {}
    while remaining:
        remaining_before = len(remaining)
        for node, state in _serving(client):
            _require_same(identities, node, state)
            served = (slot for first, last in state.slots for slot in range(first, last + 1))
            own_slots = [slot for slot in served if slot in remaining]
            for start in range(0, len(own_slots), _SLOTS_PER_CALL):
                for slots_read, answer in _read(
                    client, node, step, pattern, own_slots[start : start + _SLOTS_PER_CALL]
                ):
                    remaining -= slots_read
                    yield answer
        if remaining and len(remaining) == remaining_before:
            if time.monotonic() > until:
                raise LayoutChanged(
                    f"{len(remaining)} of {topology.SLOTS} slots of the cluster keep moving or have no server"
                )
            time.sleep(_PAUSE_SECONDS)
    for node, state in _serving(client):
        _require_same(identities, node, state)


def _read(
    client: Any, node: Any, step: str, pattern: str, slots: Sequence[int]
) -> Iterator[tuple[set[int], list[Any]]]:
    """The slots that a server held at the moment it was asked, and their keys; nothing of those that left it."""
    pending = list(slots)
    while pending:
        slots_text, *answer = topology.run(client, node, step, 0, pattern, *pending)
        slots_read = {int(slot) for slot in slots_text.split()}
        if not slots_read:
            return
        yield slots_read, answer
        pending = [slot for slot in pending if slot not in slots_read]


def _serving(client: Any) -> list[tuple[Any, topology.ServerState]]:
    """The servers and what each says of itself; none while the cluster has no agreed layout."""
    try:
        return [(node, topology.state(client, node, cluster=True)) for node in topology.servers(client)]
    except LayoutChanged:
        return []


def _require_same(identities: dict[str, tuple[object, ...]], node: Any, state: topology.ServerState) -> None:
    identity = (state.run_id, state.role, state.history, state.emptied)
    if state.role != "master" or identities.setdefault(str(node.name), identity) != identity:
        raise Interrupted("a server of the cluster was emptied, restarted or replaced while it was read")
