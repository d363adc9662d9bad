"""A cluster and a Sentinel group are reached by their URL alone, and read like one server."""

import socket
import subprocess
import time
from urllib.parse import quote

import polars as pl
import pytest
import redis as driver

from ys_analytics.errors import StoreError
from ys_analytics.local.valkey_server import binary
from ys_analytics.stores import RedisAddress
from ys_analytics.stores.redis import Redis

# Of servers that live for one test.
_PASSWORD = "p@ss"  # noqa: S105


def free_port():
    """A port no one listens on, low enough that the cluster's second port (10,000 above) exists too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port < 55_000:
            return port


def until(settled):
    """Ask until servers that speak to one another agree."""
    deadline = time.monotonic() + 30
    while not settled():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path):
    """Starts a server of the wheel on a loopback port; ends it with the test."""
    running = []

    def begin(*options, sentinel=()):
        port = free_port()
        folder = tmp_path / str(port)
        folder.mkdir()
        lines = [f"port {port}", "bind 127.0.0.1", f"dir {folder}", 'save ""', *options, *sentinel]
        (folder / "server.conf").write_text("\n".join(lines) + "\n")
        command = [str(binary()), str(folder / "server.conf"), *(["--sentinel"] if sentinel else [])]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(process)
        ready = "Sentinel ID" if sentinel else "Ready to accept connections"
        assert any(ready in line for line in process.stdout)
        return port

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def test_a_cluster_is_read_from_all_its_servers(start):
    ports = [start("cluster-enabled yes", f"requirepass {_PASSWORD}") for _ in range(2)]
    nodes = [driver.Redis(port=port, password=_PASSWORD) for port in ports]
    nodes[0].execute_command("CLUSTER ADDSLOTSRANGE", 0, 8191)
    nodes[1].execute_command("CLUSTER ADDSLOTSRANGE", 8192, 16383)
    nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", ports[1])
    until(lambda: all(node.cluster("INFO")["cluster_state"] == "ok" for node in nodes))
    for node in nodes:
        node.close()
    url = f"redis-cluster://:{quote(_PASSWORD)}@127.0.0.1:{ports[0]},127.0.0.1:{ports[1]}"
    with Redis.open(RedisAddress(url, prefix="ys:")) as redis:
        written = pl.DataFrame({"key": [f"k{n:04}" for n in range(500)], "value": [str(n) for n in range(500)]})
        assert redis.write("string", written, ttl=60) == 500
        redis.write("hash", pl.DataFrame({"key": ["h1", "h2"], "field": ["f", "g"], "value": ["1", "2"]}))
        assert redis.read("k*", "string").sort("key").select("key", "value").equals(written)
        assert sorted(redis.read("h*", "hash").select("key", "field", "value").rows()) == [
            ("h1", "f", "1"),
            ("h2", "g", "2"),
        ]
        assert redis.count("*") == 502
        assert redis.server_info()["mode"] == "cluster"
        assert redis.delete("*") == 502
        assert redis.address.masked.startswith("redis-cluster://***@127.0.0.1:")


def test_sentinels_that_do_not_answer_are_named_in_a_short_line():
    """The driver's own text is its client with all options, once for each Sentinel."""
    with (
        pytest.raises(StoreError) as refused,
        Redis.open(RedisAddress(url="redis+sentinel://127.0.0.1:1,127.0.0.1:2/prices")),
    ):
        pass
    assert "No master found for 'prices'; a Sentinel said" in str(refused.value)
    assert "<" not in str(refused.value)
    assert len(str(refused.value)) < 250


def test_a_sentinel_group_leads_to_its_master(start):
    master = start()
    group = start(sentinel=[f"sentinel monitor prices 127.0.0.1 {master} 1"])
    with Redis.open(RedisAddress(f"redis+sentinel://127.0.0.1:{group}/prices/3")) as redis:
        redis.write("string", pl.DataFrame({"key": ["k"], "value": ["v"]}))
        assert redis.read("*", "string")["value"].to_list() == ["v"]
        assert redis.server_info()["role"] == "master"
    with driver.Redis(port=master, db=3) as direct:
        assert direct.get("k") == b"v"
