"""The servers that hold the keys, and their state before and after a read.

Depends on redis-py's clients and on INFO and CLUSTER NODES. Does not read a key. SCAN returns every key that stays
where it is; it guarantees nothing for keys that move to another server, or on a server that is refilled meanwhile. So a
read compares what `observe` gives before and after, and begins again where the two differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ys_analytics.stores.common.retry import Interrupted, LayoutChanged

if TYPE_CHECKING:
    from redis import Redis, RedisCluster

SLOTS = 16_384

# Commands that empty a database; how often each was called is in INFO commandstats.
_EMPTYING_COMMANDS = ("flushall", "flushdb", "swapdb")

# How a script's error begins where a key is not, or not now, served: moved away, on its way, the cluster down.
_UNSERVED = "Script attempted to access"


@dataclass(frozen=True, slots=True)
class ServerState:
    """State of one server that must not change during a read.

    Attributes:
        run_id: Of the process; another one after a restart.
        role: `master` or `slave`.
        history: Id of the data's history; another one after a failover or where a replica took over another data set.
        replication_link: Of a replica: whether it is connected to its primary and not being refilled.
        emptied: Calls so far of each command that empties a database.
        slots: Of a cluster: the slots this server says it serves, as ranges.
        epoch: Of a cluster: grows whenever a slot gets another owner.
        moving: Of a cluster: slots being taken over or handed over.
    """

    run_id: str
    role: str
    history: str
    replication_link: str
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
        LayoutChanged: the cluster has no agreed layout at the moment.
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
            raise LayoutChanged(f"the cluster has no complete layout: {error}") from error
        raise
    return sorted(cluster.get_primaries(), key=lambda node: str(node.name))


def observe(client: "Redis | RedisCluster", nodes: Sequence[Any], *, primary: bool) -> tuple[ServerState, ...]:
    """The state of each server, to compare before and after a read.

    Args:
        client: The redis-py client.
        nodes: What `servers` gave.
        primary: Whether only a primary may answer, as behind a Sentinel.

    Raises:
        LayoutChanged: the servers of a cluster do not serve every slot once, or are moving some.
        Interrupted: a server is a replica where a primary is expected, or is being refilled.
    """
    cluster = is_cluster(client)
    states = tuple(state(client, node, cluster=cluster) for node in nodes)
    for migration in states:
        if migration.role != "master" and (primary or cluster):
            raise Interrupted("the server is no longer a primary")
        if "sync" in migration.replication_link:
            raise Interrupted("the replica is being refilled by its primary")
    if cluster:
        _require_all_slots(states)
    return states


def run(client: "Redis | RedisCluster", node: Any, *command: object) -> Any:
    """What a server answers to a script.

    Raises:
        LayoutChanged: a key it found is in a slot that was leaving the server, or the cluster was down at that moment.
        redis.exceptions.RedisError: any other refusal.
    """
    from redis.exceptions import ResponseError

    try:
        return client.execute_command("EVAL", *command, **target(node))  # type: ignore[no-untyped-call]
    except ResponseError as error:
        if is_cluster(client) and _UNSERVED in str(error):
            raise LayoutChanged("slots of the cluster moved while their keys were read") from error
        raise


def target(node: Any) -> dict[str, Any]:
    """The keyword that sends a command to one server of a cluster."""
    return {} if node is None else {"target_nodes": node}


def _require_all_slots(states: Sequence[ServerState]) -> None:
    if moving := [slot for state in states for slot in state.moving]:
        raise LayoutChanged(f"{len(moving)} slots of the cluster are moving between its servers")
    slots_served: set[int] = set()
    claimed = 0
    for first, last in (slot_range for state in states for slot_range in state.slots):
        slots_served.update(range(first, last + 1))
        claimed += last + 1 - first
    if len(slots_served) != SLOTS or claimed != SLOTS:
        raise LayoutChanged(
            f"the servers of the cluster serve {len(slots_served)} of {SLOTS} slots, "
            f"{claimed - len(slots_served)} twice"
        )


def state(client: "Redis | RedisCluster", node: Any, *, cluster: bool) -> ServerState:
    """What one server says of itself at the moment."""
    info: dict[str, Any] = client.info("server", "replication", "commandstats", **target(node))
    entry = _own_entry(client, node) if cluster else {}
    role = str(info.get("role", ""))
    return ServerState(
        run_id=str(info.get("run_id", "")),
        role=role,
        history=str(info.get("master_replid", "")),
        replication_link="" if role == "master" else _link(info),
        emptied=tuple(int((info.get(f"cmdstat_{name}") or {}).get("calls", 0)) for name in _EMPTYING_COMMANDS),
        slots=tuple(sorted(_ranges(entry.get("slots", ())))),
        epoch=str(entry.get("epoch", "")),
        moving=tuple(f"{migration['slot']} {migration['state']}" for migration in entry.get("migrations", ())),
    )


def _link(info: dict[str, Any]) -> str:
    return "sync" if int(info.get("master_sync_in_progress", 0)) else str(info.get("master_link_status", ""))


def _own_entry(client: Any, node: Any) -> dict[str, Any]:
    """What a server of a cluster says of itself."""
    entries: dict[str, dict[str, Any]] = client.execute_command("CLUSTER NODES", **target(node))
    return next(node_entry for node_entry in entries.values() if "myself" in node_entry["flags"])


def _ranges(slots: Sequence[Sequence[str]]) -> Iterator[tuple[int, int]]:
    """Slot ranges as numbers.

    >>> list(_ranges([["0", "5460"], ["9000"]]))
    [(0, 5460), (9000, 9000)]
    """
    for slot_range in slots:
        yield int(slot_range[0]), int(slot_range[-1])
