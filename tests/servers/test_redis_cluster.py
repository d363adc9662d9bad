"""A cluster that moves its keys, grows or fails over under a load gives every key or an error, never fewer keys."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import pytest
import redis as driver

from ys_analytics.errors import StoreError
from ys_analytics.stores import RedisAddress
from ys_analytics.stores.redis import Redis, script

_KEYS = 20_000
_SLOTS = 16_384
_LOADS = 200


@dataclass
class Cluster:
    """Three primaries and what is needed to move slots between them."""

    ports: list[int]
    nodes: list[driver.Redis]

    @property
    def url(self) -> str:
        """Where a client begins."""
        return f"redis-cluster://127.0.0.1:{self.ports[0]}"

    def ids(self) -> list[str]:
        """The id of each server."""
        return [str(node.execute_command("CLUSTER MYID"), "ascii") for node in self.nodes]

    def owner(self, slot: int) -> int:
        """Place of the server that serves a slot."""
        ids = self.ids()
        for line in self.nodes[0].execute_command("CLUSTER NODES").values():
            if any(int(held[0]) <= slot <= int(held[-1]) for held in line["slots"]):
                return ids.index(line["node_id"])
        raise AssertionError(slot)

    def move(self, slot: int, to: int) -> None:
        """Hand one slot over with its keys, as `redis-cli --cluster reshard` does."""
        ids, source = self.ids(), self.owner(slot)
        if source == to:
            return
        self.nodes[to].execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
        self.nodes[source].execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[to])
        while keys := self.nodes[source].execute_command("CLUSTER GETKEYSINSLOT", slot, 100):
            # A server that has just joined, or was kept waiting by a busy machine, refuses keys for a moment.
            with suppress(driver.ResponseError):
                self.nodes[source].execute_command("MIGRATE", "127.0.0.1", self.ports[to], "", 0, 5000, "KEYS", *keys)
        for place in (to, source):
            self.nodes[place].execute_command("CLUSTER SETSLOT", slot, "NODE", ids[to])


@pytest.fixture
def cluster(redises, until) -> Cluster:
    """Three primaries that share the slots, filled."""
    ports = [redises.start("cluster-enabled yes") for _ in range(3)]
    made = Cluster(ports, [driver.Redis(port=port, socket_timeout=60) for port in ports])
    share = _SLOTS // 3 + 1
    for place, node in enumerate(made.nodes):
        node.execute_command("CLUSTER ADDSLOTSRANGE", place * share, min(_SLOTS, (place + 1) * share) - 1)
        made.nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", ports[place])
    until(lambda: all(_agreed(node, 3) for node in made.nodes))
    _fill(made)
    yield made
    for node in made.nodes:
        node.close()


def _agreed(node: driver.Redis, servers: int) -> bool:
    said = node.cluster("INFO")
    return said["cluster_state"] == "ok" and int(said["cluster_known_nodes"]) == servers


def _fill(cluster: Cluster) -> None:
    with driver.RedisCluster(host="127.0.0.1", port=cluster.ports[0]) as client:
        pipeline = client.pipeline()
        for number in range(_KEYS):
            pipeline.set(f"k:{number}", str(number))
        pipeline.execute()


def _loads(cluster: Cluster, disturb: Callable[[threading.Event], None], record: Callable[[str, object], None]) -> None:
    """Load again and again while a thread disturbs the cluster; count what came of it."""
    whole, failed, short = 0, 0, []
    with Redis.open(RedisAddress(cluster.url, timeout=10.0)) as redis:
        stop = threading.Event()
        thread = threading.Thread(target=disturb, args=(stop,))
        thread.start()
        try:
            for _ in range(_LOADS):
                try:
                    found = redis.read("k:*", "string")
                except StoreError:
                    failed += 1
                else:
                    whole += found.height == _KEYS
                    short += [found.height] if found.height != _KEYS else []
        finally:
            stop.set()
            thread.join()
        record("said", f"Redis cluster: {whole} whole, {failed} error, {len(short)} short of {_LOADS} loads")
        assert short == []
        assert redis.read("k:*", "string").height == redis.count("k:*") == _KEYS
    assert whole > _LOADS * 0.9  # what moved is read again, slot by slot


def test_slots_that_move_under_a_load(cluster: Cluster, record_property) -> None:
    """Slots go round the servers, in bursts with a rest between."""

    def disturb(stop: threading.Event) -> None:
        slot = 0
        while not stop.is_set():
            for _ in range(20):
                cluster.move(slot % _SLOTS, (cluster.owner(slot % _SLOTS) + 1) % 3)
                slot += 97
            stop.wait(0.4)

    _loads(cluster, disturb, record_property)


def test_a_server_added_while_a_session_is_open(cluster: Cluster, redises, until) -> None:
    """Its keys are read from then on, and counted."""
    with Redis.open(RedisAddress(cluster.url, timeout=5.0)) as redis:
        assert redis.read("k:*", "string").height == _KEYS
        cluster.ports.append(redises.start("cluster-enabled yes"))
        cluster.nodes.append(driver.Redis(port=cluster.ports[-1], socket_timeout=60))
        cluster.nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", cluster.ports[-1])
        until(lambda: all(_agreed(node, 4) for node in cluster.nodes))
        for slot in range(0, 3_000, 3):
            cluster.move(slot, 3)
        until(lambda: all(_agreed(node, 4) for node in cluster.nodes))
        assert redis.read("k:*", "string").height == _KEYS
        assert redis.count("k:*") == _KEYS
        assert redis.delete("k:*") == _KEYS
        assert redis.count("k:*") == 0


def test_unserved_slots_are_an_error(cluster: Cluster) -> None:
    """A cluster that lost a server has fewer keys than it should, and says so."""
    for node in cluster.nodes:
        node.execute_command("CONFIG SET", "cluster-require-full-coverage", "no")
    with Redis.open(RedisAddress(cluster.url, timeout=1.0)) as redis:
        for node in cluster.nodes:
            node.execute_command("CLUSTER DELSLOTS", 0)
        with pytest.raises(StoreError, match="slots"):
            redis.read("k:*", "string")


def test_a_database_emptied_and_refilled_under_a_read(redises) -> None:
    """What was read of the old keys and of the new ones is no frame."""
    port = redises.start()
    with (
        driver.Redis(port=port, socket_timeout=60) as direct,
        Redis.open(RedisAddress(f"redis://127.0.0.1:{port}")) as redis,
    ):
        direct.mset({f"k:{number}": "old" for number in range(_KEYS)})
        steps = redis._scan(script.SCAN, "k:*")
        next(steps)
        direct.flushdb()
        direct.mset({f"k:{number}": "new" for number in range(_KEYS)})
        with pytest.raises(Exception, match="changed while they were read"):
            list(steps)
        assert set(redis.read("k:*", "string")["value"]) == {"new"}
