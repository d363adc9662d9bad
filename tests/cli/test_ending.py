"""Every long command ends on SIGTERM and Ctrl-C within two seconds: its code, one line, nothing half-written."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ys_analytics import frames

from .conftest import YS

WEEK = "2026-W47"
_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

# What a command does, and how long after its start it is in the middle of it on a quiet machine.
LONG = {
    "a demo": (["demo", "--replace", "--days", "400"], 6.0),
    "a freeze": (["freeze", "--refreeze", "--week", "2026-W46", "--out", "{folder}"], 4.0),
    "a load": (["load", "market_data", "--to", "{folder}/x.csv"], 2.5),
    "a proof": (["load", "market_data", "--prove"], 2.5),
    "a check": (["check", "--run", "{run}"], 5.0),
    "a live check": (["check", "--live"], 5.0),
    "a report": (["report", "--week", "2026-W46", "--all", "--out", "{folder}"], 8.0),
    "a doctor": (["doctor"], 3.0),
    "a query": (["sql", "SELECT count(*) FROM range(100000) a, range(100000) b, range(1000) c", "--week", WEEK], 4.0),
}


WAITS = ["time.sleep(60)", "threading.Thread(target=time.sleep, args=(60,)).start()", "stubborn()"]


@pytest.mark.servers  # minutes: one of them is below
@pytest.mark.parametrize("sent", list(_CODES))
@pytest.mark.parametrize("what", LONG)
def test_a_signal_ends_a_long_command(ys, tmp_path, what, sent, record_property):
    """Wherever it is at that moment."""
    frozen = ys.home / "out" / WEEK
    if not frozen.exists():
        assert ys("freeze", "--week", WEEK).returncode == 0
    words, after = LONG[what]
    arguments = [word.format(folder=tmp_path, run=frozen) for word in words]
    process = subprocess.Popen(
        [YS, *arguments], env=ys.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        process.send_signal(sent)
    began = time.monotonic()
    _, said = process.communicate(timeout=30)
    took = time.monotonic() - began
    if process.returncode == 0:
        pytest.skip(f"{what} was done within {after:g} s")
    assert process.returncode == _CODES[sent], said
    assert said.splitlines()[-1] == "ys: stopped; nothing half-done was kept"
    record_property("said", f"{what}, {sent.name}: ended {took:.1f} s later")
    assert took < 2, f"{took:.1f} s"
    # A report may have frozen its run by then, which stays: whole, and without a page that is half of one.
    whole = [path.parent for path in tmp_path.glob("*/manifest.json")]
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in {".lock", ".duckdb"}]
    assert [path for path in left if not any(run in path.parents for run in whole)] == []
    assert [path for path in tmp_path.rglob("*") if path.name.startswith(".printing-") or path.suffix == ".tmp"] == []
    for run in whole:
        frames.open_run(run)


@pytest.mark.parametrize("sent", list(_CODES))
@pytest.mark.parametrize(
    "waits", ["time.sleep(60)", "threading.Thread(target=time.sleep, args=(60,)).start()", "stubborn()"]
)
def test_a_process_that_will_not_end_is_ended(tmp_path, sent, waits):
    """Cleaning up may take a second; a library that swallows the signal does not keep the process alive."""
    draft = tmp_path / ".draft.tmp"
    program = f"""
import threading, time
from ys_analytics.cli.ending import StopRequest
from ys_analytics.frames.atomic import unfinished
ending = StopRequest.listen()
def stubborn():
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass
try:
    with unfinished(__import__("pathlib").Path({str(draft)!r})) as _:
        open({str(draft)!r}, "w").close()
        print("ready", flush=True)
        {waits}
        time.sleep(60)
except KeyboardInterrupt:
    raise SystemExit(ending.code)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout.readline() == "ready\n"
        began = time.monotonic()
        one.send_signal(sent)
        assert one.wait(20) == _CODES[sent]
        assert time.monotonic() - began < 4
    assert not Path(draft).exists()


def _assert_stopped(program, sent):
    """A program that says that it is ready ends by the signal: its code, one line, and every output closed."""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout.readline() == "ready\n"
        one.send_signal(sent)
        _, said = one.communicate(timeout=20)
    assert (one.returncode, said) == (_CODES[sent], "ys: stopped; nothing half-done was kept\n")


@pytest.mark.parametrize("made", ["ImportError('engine not found')", "StoreError('clickhouse: it went away')"])
@pytest.mark.parametrize("sent", list(_CODES))
def test_what_a_library_makes_of_a_signal_is_not_shown(sent, made):
    """A module that is stopped while it is imported says that it is not installed."""
    program = f"""
import time
from ys_analytics import cli
from ys_analytics.errors import StoreError
def app(**_):
    print("ready", flush=True)
    try:
        time.sleep(60)
    except KeyboardInterrupt as stopped:
        raise {made} from stopped
cli.app = app
cli.main()
"""
    _assert_stopped(program, sent)


@pytest.mark.parametrize("sent", list(_CODES))
def test_what_a_command_started_ends_with_it(sent):
    """Its output is closed at once: no process that it started holds it, whatever that one is doing."""
    program = """
import subprocess, sys, time
from ys_analytics import cli
def app(**_):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("ready", flush=True)
    time.sleep(60)
cli.app = app
cli.main()
"""
    _assert_stopped(program, sent)
