"""What takes long says how far it is on a terminal, and Ctrl-C ends it: one line, its own code, nothing half done."""

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from ys_analytics.local import Home
from ys_analytics.local.postgres_server import PostgresServer

YS = Path(sys.executable).parent / "ys"
WEEK = "2026-W47"

_WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'transactions'::regclass"


@dataclass
class Terminal:
    """A command on a terminal of its own, as a person has one."""

    running: subprocess.Popen[bytes]
    master: int

    def runs_on(self, seconds: float) -> None:
        """Leave the processor to the command for so long; it must not end meanwhile."""
        with pytest.raises(subprocess.TimeoutExpired):
            self.running.wait(seconds)

    def ctrl_c(self) -> None:
        """Press it."""
        os.write(self.master, b"\x03")

    def end(self) -> tuple[int, str]:
        """What was shown from here on, until the command has left, and its exit code."""
        shown = b""
        while select.select([self.master], [], [], 60)[0]:
            try:
                shown += os.read(self.master, 65_536)
            except OSError:  # Linux says so when the last one has closed its side
                break
        # Ctrl-C drops what waited to be shown, and may cut a letter in two.
        return self.running.wait(60), shown.decode(errors="replace")


@contextmanager
def terminal(*words: str, environment: dict[str, str]) -> Iterator[Terminal]:
    """Run a command with the terminal as its own, so that Ctrl-C reaches it as it reaches any."""
    master, slave = pty.openpty()
    try:
        running = subprocess.Popen(
            [YS, *words],
            env=environment | {"TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing is locked in a test
        )
        os.close(slave)
        yield Terminal(running, master)
    finally:
        os.close(master)
        running.kill()
        running.wait()


@pytest.fixture
def held(ys):
    """A session that keeps the transactions to itself, so that anyone who reads them waits; yields who waits."""
    conninfo = PostgresServer(Home(ys.home / "stores")).conninfo()
    with psycopg.connect(conninfo) as holder, psycopg.connect(conninfo, autocommit=True) as watcher:
        holder.execute("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE")
        yield lambda: watcher.execute(_WAITS).fetchone()[0]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["load", "transactions"], id="a load to the terminal"),
        pytest.param(["load", "transactions", "--prove"], id="a proof"),
        pytest.param(["load", "transactions", "--to", "{folder}/transactions.parquet"], id="a load to a file"),
        pytest.param(["freeze", "--refreeze", "--week", "2026-W46"], id="a freeze"),
    ],
)
def test_ctrl_c_ends_a_read_with_one_line(ys, held, tmp_path, words):
    """It stops at the server too, leaves no file and no run, and says so with the code a shell expects."""
    before = _runs(ys.home)
    arguments = [word.format(folder=tmp_path) for word in words]
    with terminal(*arguments, environment=ys.environment) as screen:
        while not held():
            screen.runs_on(0.05)
        screen.ctrl_c()
        code, shown = screen.end()
    assert code == 130
    lines = [line for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n").splitlines() if line]
    assert lines[-1] == "ys: stopped; nothing half-done was kept"
    assert "Traceback" not in shown
    assert held() == 0
    assert list(tmp_path.iterdir()) == []
    assert _runs(ys.home) == before


def _runs(home: Path) -> set[str]:
    """What lies among the runs, drafts too; the lock that freezes take turns at is neither."""
    return {path.name for path in (home / "out").glob("*")} - {".runs.lock"}


@pytest.mark.parametrize(
    ("words", "rows"),
    # Of the key families one that keeps its keys: what lives a minute may be gone by now.
    [
        pytest.param(["load", "transactions"], r"transactions .* [\d,]+ at [\d,]+/s", id="a load to the terminal"),
        pytest.param(["load", "market_data", "--prove"], r"market_data .* [\d,]+ at [\d,]+/s", id="a proof"),
        pytest.param(
            ["load", "redis_risk_correlation"], r"redis_risk_correlation .* \d+ at [\d,]+/s", id="a key family"
        ),
        pytest.param(["load", "market_sentiment"], r"market_sentiment .* [\d,]+ at [\d,]+/s", id="a collection"),
    ],
)
def test_a_read_shows_its_rows_and_their_rate(ys, words, rows):
    """On a terminal; a pipe gets the result alone."""
    with terminal(*words, environment=ys.environment) as screen:
        code, shown = screen.end()
    assert code == 0, shown
    assert re.search(rows, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown))
    assert ys(*words).stderr == ""
