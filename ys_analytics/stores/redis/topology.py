"""Which servers hold the keys, and whether they are still the same ones after a read.

Depends on redis-py's clients and on INFO and CLUSTER NODES. Does not read a key. SCAN returns every key that stays
where it is; it guarantees nothing for keys that move to another server, or on a server that is refilled meanwhile. So a
read compares what `observe` gives before and after, and begins again where the two differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ys_analytics.stores.common.retry import Interrupted, Rearranged

if TYPE_CHECKING:
    from redis import Redis, RedisCluster

SLOTS = 16_384

# Commands that empty a database; how often each was called is in INFO commandstats.
_EMPTYING = ("flushall", "flushdb", "swapdb")

# How a script's error begins where a key is not, or not now, served: moved away, on its way, the cluster down.
_UNSERVED = "Script attempted to access"


@dataclass(frozen=True, slots=True)
class ServerState:
    """What must not change on one server during a read.

    Attributes:
        run_id: Of the process; another one after a restart.
        role: `master` or `slave`.
        history: Id of the data's history; another one after a failover or where a replica took over another data set.
        link: Of a replica: whether it is connected to its primary and not being refilled.
        emptied: Calls so far of each command that empties a database.
        slots: Of a cluster: the slots this server says it serves, as ranges.
        epoch: Of a cluster: grows whenever a slot gets another owner.
        moving: Of a cluster: slots being taken over or handed over.
    """

    run_id: str
    role: str
    history: str
    link: str
    emptied: tuple[int, ...]
    slots: tuple[tuple[int, int], ...] = ()
    epoch: str = ""
    moving: tuple[str, ...] = ()


def is_cluster(client: "Redis | RedisCluster") -> bool:
    """Whether the keys are spread over several servers."""
    return hasattr(client, "get_primaries")


def servers(client: "Redis | RedisCluster") -> list[Any]:
    """The servers that together hold all keys, asked anew; `[None]` where there is only one.

    Raises:
        Rearranged: the cluster has no agreed layout at the moment.
        redis.exceptions.RedisError: no server of the cluster answers.
    """
    if not is_cluster(client):
        return [None]
    from redis.exceptions import RedisClusterException

    cluster: Any = client
    try:
        cluster.nodes_manager.initialize()
    except RedisClusterException as error:
        if "covered" in str(error):
            raise Rearranged(f"the cluster has no complete layout: {error}") from error
        raise
    return sorted(cluster.get_primaries(), key=lambda node: str(node.name))


def observe(client: "Redis | RedisCluster", nodes: Sequence[Any], *, primary: bool) -> tuple[ServerState, ...]:
    """The state of each server, to compare before and after a read.

    Args:
        client: The redis-py client.
        nodes: What `servers` gave.
        primary: Whether only a primary may answer, as behind a Sentinel.

    Raises:
        Rearranged: the servers of a cluster do not serve every slot once, or are moving some.
        Interrupted: a server is a replica where a primary is expected, or is being refilled.
    """
    cluster = is_cluster(client)
    states = tuple(state(client, node, cluster=cluster) for node in nodes)
    for one in states:
        if one.role != "master" and (primary or cluster):
            raise Interrupted("the server is no longer a primary")
        if "sync" in one.link:
            raise Interrupted("the replica is being refilled by its primary")
    if cluster:
        _require_whole(states)
    return states


def run(client: "Redis | RedisCluster", node: Any, *command: object) -> Any:
    """What a server answers to a script.

    Raises:
        Rearranged: a key it found is in a slot that was leaving the server, or the cluster was down at that moment.
        redis.exceptions.RedisError: any other refusal.
    """
    from redis.exceptions import ResponseError

    try:
        return client.execute_command("EVAL", *command, **target(node))  # type: ignore[no-untyped-call]
    except ResponseError as error:
        if is_cluster(client) and _UNSERVED in str(error):
            raise Rearranged("slots of the cluster moved while their keys were read") from error
        raise


def target(node: Any) -> dict[str, Any]:
    """The keyword that sends a command to one server of a cluster."""
    return {} if node is None else {"target_nodes": node}


def _require_whole(states: Sequence[ServerState]) -> None:
    if moving := [slot for state in states for slot in state.moving]:
        raise Rearranged(f"{len(moving)} slots of the cluster are moving between its servers")
    served: set[int] = set()
    claims = 0
    for first, last in (held for state in states for held in state.slots):
        served.update(range(first, last + 1))
        claims += last + 1 - first
    if len(served) != SLOTS or claims != SLOTS:
        raise Rearranged(
            f"the servers of the cluster serve {len(served)} of {SLOTS} slots, {claims - len(served)} twice"
        )


def state(client: "Redis | RedisCluster", node: Any, *, cluster: bool) -> ServerState:
    """What one server says of itself at the moment."""
    known: dict[str, Any] = client.info("server", "replication", "commandstats", **target(node))
    own = _own_line(client, node) if cluster else {}
    role = str(known.get("role", ""))
    return ServerState(
        run_id=str(known.get("run_id", "")),
        role=role,
        history=str(known.get("master_replid", "")),
        link="" if role == "master" else _link(known),
        emptied=tuple(int((known.get(f"cmdstat_{name}") or {}).get("calls", 0)) for name in _EMPTYING),
        slots=tuple(sorted(_ranges(own.get("slots", ())))),
        epoch=str(own.get("epoch", "")),
        moving=tuple(f"{one['slot']} {one['state']}" for one in own.get("migrations", ())),
    )


def _link(known: dict[str, Any]) -> str:
    return "sync" if int(known.get("master_sync_in_progress", 0)) else str(known.get("master_link_status", ""))


def _own_line(client: Any, node: Any) -> dict[str, Any]:
    """What a server of a cluster says of itself."""
    listed: dict[str, dict[str, Any]] = client.execute_command("CLUSTER NODES", **target(node))
    return next(line for line in listed.values() if "myself" in line["flags"])


def _ranges(slots: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Slot ranges as numbers.

    >>> list(_ranges([["0", "5460"], ["9000"]]))
    [(0, 5460), (9000, 9000)]
    """
    for held in slots:
        yield int(held[0]), int(held[-1])
