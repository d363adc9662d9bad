"""A command whose store goes silent ends soon after `YS_STATEMENT_TIMEOUT`, with one line that names the setting."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.stores import faulty_proxy as proxies
from ys_analytics.local import Home
from ys_analytics.local.postgres_server import PostgresServer
from ys_analytics.local.valkey_server import ValkeyServer
from ys_analytics.stores.common.deadline import GRACE_SECONDS

from .forked import ForkedCommands

WEEK = "2026-W47"
LIMIT = 3.0
# Of one read: its limit, and the grace in which a server may report its own.
ALLOWED = LIMIT + GRACE_SECONDS
# Closing what is open and ending the process, on two busy cores.
MOST = 8.0

COMMANDS = {
    "status": ["status"],
    "doctor": ["doctor"],
    "load": ["load", "{table}", "--to", "{folder}/x.parquet"],
    "proof": ["load", "{table}", "--prove"],
    "freeze": ["freeze", "--refreeze", "--week", WEEK, "--out", "{folder}"],
    "live check": ["check", "--live"],
    "migrate up": ["migrate", "up"],
    "migrate status": ["migrate", "status"],
    "demo": ["demo", "--replace", "--portfolios", "9", "--days", "70"],
}


@pytest.fixture(scope="module")
def ys() -> Iterator[ForkedCommands]:
    """Commands of a filled home; its PostgreSQL and Valkey are reached through a proxy as well."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YS_")}
    with tempfile.TemporaryDirectory(prefix="yso-") as place:
        home = Path(place)
        home.chmod(0o711)
        own = {"YS_ENV_FILE": os.devnull, "YS_HOME": str(home), "YS_OUT": str(home / "out")}
        run = ForkedCommands(kept | own, folder=home)
        run.home = home
        for words in (["up"], ["migrate", "up"], ["demo", "--portfolios", "9", "--days", "70"]):
            done = run(*words)
            assert done.returncode == 0, done.stderr
        yield run
        run("down")
        run.close()


@pytest.mark.parametrize("what", COMMANDS)
@pytest.mark.parametrize("store", ["postgres", "redis"])
def test_a_command_ends_soon_after_its_deadline(ys, tmp_path, store, what, record_property) -> None:
    """Silent from the first byte, in the middle of the first answers, or of a table: one limit, not several."""
    servers = Home(ys.home)
    if store == "postgres":
        known = conninfo_to_dict(PostgresServer(servers).conninfo())
        target = f"{known['host']}/.s.PGSQL.{known['port']}"
        url = f"postgresql://{known['user']}@127.0.0.1:{{}}/{known['dbname']}?sslmode=disable"
    else:
        target, url = urlsplit(ValkeyServer(servers).url()).path, "redis://127.0.0.1:{}/0"
    table = {"postgres": "transactions", "redis": "redis_risk_correlation"}[store]
    arguments = [word.format(table=table, folder=tmp_path) for word in COMMANDS[what]]

    def run(**fault: object) -> tuple[subprocess.CompletedProcess[str], float | None]:
        """What came of it, and the seconds since the server fell silent."""
        with proxies.proxy(target, **fault) as between:
            settings = {f"YS_{store.upper()}_URL": url.format(between.port), "YS_STATEMENT_TIMEOUT": f"{LIMIT:g}"}
            done = ys(*arguments, kill_after=300, **settings)
            return done, between.first and time.monotonic() - between.first

    others = 0.0
    if what == "doctor":  # it gives one store up, and then asks the others all it asks them
        began = time.monotonic()
        ys(*arguments)
        others = time.monotonic() - began
    for after in (0, 3_000, 60_000):
        done, took = run(fault="silent", after=after)
        said = f"{what}, {store} silent after {after} bytes: exit {done.returncode}"
        if took is not None:
            said += f", {took - LIMIT:+.1f} s"
            assert done.returncode != 0
            assert re.search(r"YS_STATEMENT_TIMEOUT|did not answer|does not answer|timeout", done.stdout + done.stderr)
        record_property("said", said)
        assert "fault of ours" not in done.stderr
        assert took is None or took < ALLOWED + MOST + others, said
