#!/usr/bin/env bash
# Importing Polars keeps Ctrl-C from interrupting a wait for another thread.
#
# CPython installs its SIGINT handler without SA_RESTART, so that a blocked lock or Future.result() ends with
# KeyboardInterrupt at once. Importing Polars replaces the handler by one with SA_RESTART: the system begins the
# wait again, and KeyboardInterrupt arrives only when the other thread is done.
#
# Seen with: polars 2.1.0, CPython 3.11, Linux. Without Polars 0.5 s; with it 4 s (the whole wait).
# signal.siginterrupt(SIGINT, True) after the import brings the quick end back and keeps Polars' handler.
# Our guard: stores/common/deadline.py does the same before a read.
# Test: tests/stores/test_deadlines.py::test_ctrl_c_ends_a_read_without_an_answer
# Exits 0 while this is so, 1 when it has changed.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check polars==2.1.0
cat >"$folder/wait.py" <<'PY'
import os, signal, sys, threading, time
from concurrent.futures import ThreadPoolExecutor

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored
if sys.argv[1] != "bare":
    import polars
if sys.argv[1] == "restored":
    signal.siginterrupt(signal.SIGINT, True)
threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
began = time.monotonic()
with ThreadPoolExecutor(1) as pool:
    slow = pool.submit(time.sleep, 4)
    try:
        slow.result()
    except KeyboardInterrupt:
        print(f"{sys.argv[1]}: KeyboardInterrupt after {time.monotonic() - began:.1f} s")
        sys.stdout.flush()
PY
took() { "$folder/venv/bin/python" "$folder/wait.py" "$1" | tee /dev/stderr | sed 's/.*after \([0-9.]*\) s/\1/'; }
bare=$(took bare); polars=$(took polars); restored=$(took restored)
awk -v b="$bare" -v p="$polars" -v m="$restored" 'BEGIN { exit !(b < 2 && p > 3 && m < 2) }' \
  || { echo "changed: bare $bare s, with polars $polars s, with siginterrupt $restored s"; exit 1; }
echo "as described: bare $bare s, with polars $polars s, with siginterrupt $restored s"
