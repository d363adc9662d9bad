"""Killed at any moment, a command leaves its work whole or not there, and does it when it is asked again."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import nbformat
import polars as pl
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from ys_analytics import frames, quality
from ys_analytics.errors import RunError

from .forked import ForkedCommands

_WEEK = "2026-W47"
_DEMO = ["demo", "--portfolios", "9", "--days", "60", "--seed", "5"]
# Fifty in all; each is killed at a moment of its own.
_TIMES = {"freeze": 14, "check": 4, "report": 8, "migrate": 12, "import": 12}

# A report whose definition is a file of the test.
_REPORT = """
import sys
from pathlib import Path
from ys_analytics import reporting
from ys_analytics.settings import load_settings
reporting.report(
    load_settings(), week=sys.argv[1], portfolios=["Buy and hold BTC"], provisional=True, weekly_file=Path(sys.argv[2])
)
"""


@pytest.fixture(scope="module")
def ys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """Runs the command in a home of its own; with `kill_after` it is killed with all it started."""
    home = Path("/tmp") / f"ysk{os.getpid()}"  # noqa: S108 - a unix socket's path must be short
    folder = tmp_path_factory.mktemp("out")
    given = os.environ | {"YS_HOME": str(home), "YS_OUT": str(folder / "out"), "YS_WAIT": "30"}
    run = ForkedCommands(given, folder)
    run.out = folder / "out"
    for words in (["up"], ["migrate", "up"], _DEMO):
        done = run(*words)
        assert done.returncode == 0, done.stderr
    yield run
    run("down")
    run.close()
    subprocess.run(["rm", "-rf", str(home)], check=True)


def _campaign(
    run: Callable[..., subprocess.CompletedProcess[str]],
    times: int,
    check: Callable[[], None],
    before: Callable[[], object] = lambda: None,
) -> int:
    """Kill a command so many times at moments up to its usual end; how often it ended before that.

    `check` looks at what each kill left; the command begins anew on that, and at last does its work.
    """
    before()
    began = time.monotonic()
    done = run()
    assert done.returncode == 0, done.stderr
    usual = time.monotonic() - began
    chance = random.Random(times)  # noqa: S311 - no secret
    killed = ended = 0
    while killed < times:
        before()
        began = time.monotonic()
        code = run(kill_after=chance.uniform(0.05, usual)).returncode
        if code == -signal.SIGKILL:
            killed += 1
        else:
            assert code == 0
            ended += 1
            usual = min(usual, time.monotonic() - began)
        check()
    after = run()
    assert after.returncode == 0, after.stderr
    return ended


def _complete_findings(folder: Path) -> list[object] | None:
    """The findings of a run, which only a whole check writes; None where it has none."""
    try:
        return sorted(map(str, quality.read_findings(folder)))
    except RunError:
        return None


def test_a_killed_freeze_leaves_a_whole_run_or_none(ys, record_property) -> None:
    """The week's run is one that opens, or there is none; never half of one."""
    folder = ys.out / _WEEK

    def check() -> None:
        if folder.exists():
            frames.open_run(folder)
            assert _complete_findings(folder) is None  # a freeze checks nothing

    ended = _campaign(partial(ys, "freeze", "--refreeze", "--week", _WEEK), _TIMES["freeze"], check)
    record_property("said", f"freeze: killed {_TIMES['freeze']} times, ended first {ended} times, every run whole")


def test_a_killed_report_leaves_whole_pages_and_findings(ys, tmp_path: Path, record_property) -> None:
    """A page that is there is whole, and so are the findings: all of them or none, whichever check was ended."""
    folder = ys.out / _WEEK
    whole: list[object] | None = None
    book, weekly = tmp_path / "small.ipynb", tmp_path / "weekly.toml"
    first = new_code_cell("run: str = ''\nportfolio_id: str = ''\nweek: str = ''", metadata={"tags": ["parameters"]})
    nbformat.write(new_notebook(cells=[first, new_code_cell("week")]), book)
    weekly.write_text(f'title = "Small"\npublisher = "tests"\n[[notebook]]\npath = "{book}"\n')

    def unchecked() -> None:
        nonlocal whole
        whole = whole or (_complete_findings(folder) if folder.exists() else None)
        for path in folder.glob("findings*.json"):
            path.unlink()

    def checked() -> None:
        for name, content in findings.items():
            (folder / name).write_bytes(content)

    def check() -> None:
        assert _complete_findings(folder) in (None, whole)
        if not (folder / "manifest.json").exists():
            return
        try:
            frames.open_run(folder)
        except RunError as error:
            raise AssertionError(str(error)) from error
        for page in folder.glob("*.pdf"):
            content = page.read_bytes()
            assert content.startswith(b"%PDF-")
            assert content.rstrip().endswith(b"%%EOF")
        for twin in folder.glob("*.json"):
            json.loads(twin.read_text())

    report = partial(ys, _WEEK, str(weekly), program=_REPORT)
    ended = _campaign(report, _TIMES["check"], check, unchecked)
    whole = _complete_findings(folder)
    assert whole
    findings = {path.name: path.read_bytes() for path in folder.glob("findings*.json")}
    ended += _campaign(report, _TIMES["report"], check, checked)
    assert _complete_findings(folder) == whole
    times = _TIMES["check"] + _TIMES["report"]
    record_property("said", f"report: killed {times} times, ended first {ended} times, every page whole")


def test_a_killed_import_leaves_all_rows_or_none(ys, tmp_path: Path, record_property) -> None:
    """All rows of a file, or none of them."""
    prices = tmp_path / "prices.csv"
    assert ys("load", "assets", "--to", str(tmp_path / "assets.parquet")).returncode == 0
    asset = pl.read_parquet(tmp_path / "assets.parquet").filter(pl.col("symbol") == "BTC")["id"][0]
    rows = pl.DataFrame(
        {
            "timestamp": [f"2025-01-{day:02}T{hour:02}:00:00.000Z" for day in range(1, 29) for hour in range(24)],
            "asset_id": asset,
            "chain_id": 0,
            "price": "3500.5",
            "volume_24h": "1",
            "market_cap": "1",
            "price_change_24h": "0",
            "source": "killed",
        }
    )
    rows.write_csv(prices)

    def count() -> int:
        found = ys("load", "market_data", "--until", "2025-W10", "--to", str(tmp_path / "found.parquet"))
        assert found.returncode == 0, found.stderr
        return pl.read_parquet(tmp_path / "found.parquet").filter(pl.col("source") == "killed").height

    def check() -> None:
        assert count() in (0, rows.height)

    ended = _campaign(partial(ys, "import", "market_data", str(prices)), _TIMES["import"], check)
    assert count() == rows.height
    record_property("said", f"import: killed {_TIMES['import']} times, ended first {ended} times, all rows or none")


def test_a_killed_migration_is_finished_when_asked_again(ys, record_property) -> None:
    """The ledger and the schema agree: what is left to do is done by asking again."""

    def down() -> None:
        done = ys("migrate", "down", "--yes")
        assert done.returncode == 0, done.stderr

    def check() -> None:
        # What was begun is finished, and nothing of it is in the way.
        done = ys("migrate", "up")
        assert done.returncode == 0, done.stderr
        said = ys("migrate", "status")
        assert said.returncode == 0, said.stdout

    ended = _campaign(partial(ys, "migrate", "up"), _TIMES["migrate"], check, before=down)
    record_property(
        "said", f"migrate: killed {_TIMES['migrate']} times, ended first {ended} times, ledger and schema agree"
    )
