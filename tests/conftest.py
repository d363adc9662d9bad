"""Real engines for the whole suite: one home for each worker, started once, migrated once, stopped at the end.

An embedded ClickHouse admits one folder per process, so every test inside this process uses this home;
tests that start processes of their own give them a home of their own.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ys_analytics import local, migrations
from ys_analytics.settings import Settings
from ys_analytics.stores import Stores


@pytest.fixture(scope="session", autouse=True)
def _no_servers_of_yours() -> Iterator[None]:
    """Forget the stores the environment names, so that no test ever writes to a server somebody uses."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("YS_")}
    os.environ["YS_ENV_FILE"] = os.devnull  # nor the ones .env names, in any process a test starts
    yield
    del os.environ["YS_ENV_FILE"]
    os.environ.update(kept)


@pytest.fixture(scope="session")
def settings() -> Iterator[Settings]:
    """The embedded four under a folder of this session; its servers are stopped and it is removed at the end."""
    with TemporaryDirectory(prefix="ys-tests-") as folder:
        chosen = Settings(_env_file=None, home=Path(folder) / "stores", out=Path(folder) / "out", wait=30)
        yield chosen
        local.down(chosen)


@pytest.fixture(scope="session")
def stores(settings: Settings) -> Iterator[Stores]:
    """All four stores, migrated and empty but for the satellites, as their owner."""
    with local.open_stores(settings, role="owner", purpose="the tests") as opened:
        migrations.up(opened)
        yield opened


@pytest.fixture(scope="session")
def analyst(settings: Settings, stores: Stores) -> Iterator[Stores]:  # noqa: ARG001 - the role comes with the schema
    """The same stores as the analyst sees them: reading only, without the secrets."""
    with local.open_stores(settings, role="analyst", purpose="the tests") as opened:
        yield opened


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted (`record_property("said", line)`): a worker of xdist has no terminal of its own."""
    reports = terminalreporter.stats.get("passed", [])
    lines = [value for report in reports for name, value in report.user_properties if name == "said"]
    if lines:
        terminalreporter.section("counted")
        for line in lines:
            terminalreporter.write_line(line)
