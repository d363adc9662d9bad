#!/usr/bin/env bash
# Opening chDB takes Ctrl-Z away from the process, and Python does not know.
#
# The engine installs handlers of its own for a dozen signals, SIGTSTP and the fault signals among them, in the process
# that opens it. `signal.getsignal` still says SIG_DFL. A SIGTSTP then no longer suspends the process, also while no
# query runs. SIGINT stays Python's, and becomes a KeyboardInterrupt when the running query has returned.
#
# Seen with: chdb 4.4.0 (ClickHouse 26.9.2) through clickhouse-connect 1.12.0, CPython 3.11, Linux. Bare Python stops;
# with chDB open it goes on sleeping. A SIGINT 0.5 s into a query of 2.5 s is raised after 2.5 s.
# What a user meets: Ctrl-Z does nothing in a shell or notebook server that has the embedded engine open.
# Our guard: stores/clickhouse/client.py gives SIGTSTP back after opening; streamed reads answer Ctrl-C between blocks.
# Test: tests/stores/test_clickhouse_hostile.py::test_ctrl_z_is_left_to_the_system_by_the_embedded_engine
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check chdb==4.4.0 clickhouse-connect==1.12.0
cat >"$folder/open.py" <<'PY'
import signal
import sys

if sys.argv[1] == "chdb":
    import clickhouse_connect

    client = clickhouse_connect.get_client(interface="chdb")
print("ready" if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL else "handled by Python", flush=True)
sys.stdin.readline()
PY
cat >"$folder/stop.py" <<'PY'
import os
import signal
import subprocess
import sys
import threading
import time


def after_stop(which):
    """What the system says of a process that was sent SIGTSTP: T is stopped, S sleeps."""
    with subprocess.Popen(
        [sys.executable, os.path.join(os.path.dirname(__file__), "open.py"), which],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as opened:
        assert opened.stdout.readline() == "ready\n"
        opened.send_signal(signal.SIGTSTP)
        for _ in range(20):  # a stop that comes, comes within milliseconds
            time.sleep(0.1)
            with open(f"/proc/{opened.pid}/stat") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
            if state == "T":
                break
        opened.send_signal(signal.SIGCONT)
        opened.communicate("\n")
    return state


def interrupted():
    """Seconds until a Ctrl-C, half a second into a query of 2.5 s, is raised."""
    import clickhouse_connect

    signal.signal(signal.SIGINT, signal.default_int_handler)
    client = clickhouse_connect.get_client(interface="chdb")
    threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
    began = time.monotonic()
    try:
        client.query("SELECT sleep(2.5)")
    except KeyboardInterrupt:
        return time.monotonic() - began
    return 0.0


bare, chdb, seconds = after_stop("bare"), after_stop("chdb"), interrupted()
print(f"after SIGTSTP: bare {bare}, with chDB {chdb}; KeyboardInterrupt after {seconds:.1f} s")
same = (bare, chdb) == ("T", "S") and seconds > 2
print("as described" if same else "changed")
sys.exit(not same)
PY
"$folder/venv/bin/python" "$folder/stop.py"
