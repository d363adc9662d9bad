"""Real engines for the whole suite: one home for each worker, started once, migrated once, stopped at the end.

An embedded ClickHouse admits one folder per process, so every test inside this process uses this home;
tests that start processes of their own give them a home of their own.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from xdist.scheduler import LoadFileScheduling

from ys_analytics import local, migrations
from ys_analytics.reporting import batch
from ys_analytics.reporting.printer import Printer, open_printer
from ys_analytics.settings import Settings
from ys_analytics.stores import Stores

from .running import Runner

# Folders of tests by how long they take: what is long begins first, so that no worker is left with it at the end.
_LONGEST = ("cli", "quality", "reporting", "agreement", "stores", "demo", "ingest", "frames", "migrations", "local")


def _room(name: str) -> str:
    """The folder of a test or a file, one below the top."""
    return "/".join(name.partition("::")[0].split("/")[:2])


class Rooms(LoadFileScheduling):
    """Hands whole files to workers, and keeps a worker in a folder whose stores and frames it has made already."""

    def _assign_work_unit(self, node: object) -> None:
        made = {each: {_room(file) for file in files} for each, files in self.assigned_work.items()}
        others = set().union(*(rooms for each, rooms in made.items() if each is not node))

        def reluctance(file: str) -> int:
            return 0 if _room(file) in made[node] else 2 if _room(file) in others else 1

        self.workqueue.move_to_end(min(self.workqueue, key=reluctance), last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Rooms | None:
    """Ours, for `--dist loadfile`."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return Rooms(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest folders first; the order is otherwise that of the files."""
    place = {f"tests/{name}": at for at, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: place.get(_room(item.nodeid), len(place)))


@pytest.fixture(scope="session", autouse=True)
def _no_servers_of_yours() -> Iterator[None]:
    """Forget the stores the environment names, so that no test ever writes to a server someone uses."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("YS_")}
    os.environ["YS_ENV_FILE"] = os.devnull  # nor the ones .env names, in any process a test starts
    yield
    del os.environ["YS_ENV_FILE"]
    os.environ.update(kept)


@pytest.fixture(scope="session", autouse=True)
def _one_browser() -> Iterator[None]:
    """Print all reports of this process through one browser: it takes a second to start, and its chart library two."""
    printers: list[Printer] = []
    with ExitStack() as kept, pytest.MonkeyPatch.context() as patch:

        @contextmanager
        def stay_open(printing_page: str, library: str, **_settings: object) -> Iterator[Printer]:
            if not printers:
                printers.append(kept.enter_context(open_printer(printing_page, library, pages=2)))
            yield printers[0]

        patch.setattr(batch, "open_printer", stay_open)
        yield


@pytest.fixture(scope="session")
def new_runner() -> Iterator[Callable[[], Runner]]:
    """Makes processes that run `ys` command after command, one for each home; they end with the session."""
    made: list[Runner] = []

    def make() -> Runner:
        made.append(Runner())
        return made[-1]

    yield make
    for runner in made:
        runner.close()


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
