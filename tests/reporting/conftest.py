"""One week frozen from four real stores, and reports printed from it, made once and looked at by many tests.

The stores are filled and frozen by the command in a process of its own, since an embedded ClickHouse admits
one folder per process and this one belongs to the other tests.
"""

import hashlib
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ys_analytics import quality, reporting
from ys_analytics.settings import Settings

YS = Path(sys.executable).parent / "ys"


@dataclass(frozen=True)
class Week:
    """A home with filled stores and a frozen week; `runner` runs the commands over it."""

    home: Path
    runner: Any
    name: str = "2026-W47"

    @property
    def run(self):
        """The folder of the frozen week."""
        return self.home / "out" / self.name

    def settings(self, folder):
        """Settings whose stores lie in `folder` and whose runs in its `out`."""
        return Settings(_env_file=None, home=folder / "stores", out=folder / "out")

    def surroundings(self, folder):
        """The environment in which a process sees that folder's stores and runs, and no others."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("YS_")}
        return own | {"YS_HOME": str(folder / "stores"), "YS_OUT": str(folder / "out")}

    def ys(self, *words, folder=None, check=True):
        """Run the command on a folder's stores; this week's own when none is named."""
        done = self.runner(*words, environment=self.surroundings(folder or self.home))
        assert not check or done.returncode == 0, done.stderr
        return done

    def copy(self, folder):
        """The run, where a test may spoil it."""
        target = folder / "out" / self.name
        shutil.copytree(self.run, target)
        return target


def spoil(run, table, change):
    """Change a frame of a run as a store that was wrong would have given it: the run stays whole, its data do not."""
    path = run / "frames" / f"{table}.parquet"
    changed = change(pl.read_parquet(path))
    changed.write_parquet(path)
    manifest = json.loads((run / "manifest.json").read_text())
    said = manifest["frames"][table]
    said["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    said["bytes"], said["rows"] = path.stat().st_size, changed.height
    found = quality.read_findings(run)
    (run / "manifest.json").write_text(json.dumps(manifest))
    checked_as(run, found)


def checked_as(run, found):
    """Have a run checked, with these findings: what the suites say is for the tests of quality."""
    quality.write_findings(found, run, quality.subject(run))


@pytest.fixture(name="checked_as", scope="session")
def checked_as_fixture():
    """`checked_as`, for tests."""
    return checked_as


@pytest.fixture(name="spoil", scope="session")
def spoiler():
    """`spoil`, for tests."""
    return spoil


@pytest.fixture(scope="session")
def week(tmp_path_factory, new_runner):
    """A week of nine portfolios, seven of them odd, frozen and checked."""
    made = Week(tmp_path_factory.mktemp("week"), new_runner())
    try:
        made.ys("migrate", "up")
        made.ys("demo", "--portfolios", "9", "--days", "70")
        made.ys("freeze", "--week", made.name)
        checked_as(made.run, [])
        yield made
    finally:
        made.ys("down", check=False)


@pytest.fixture(scope="session")
def printed(week, tmp_path_factory):
    """Three reports of one week, by name: an ordinary portfolio, a hostile name, and one never funded."""
    folder = tmp_path_factory.mktemp("printed")
    week.copy(folder)
    names = ["Harbour Income", '<script>alert(1)</script> & Söhne "Ω"', "Never funded"]
    found = reporting.report(week.settings(folder), week=week.name, portfolios=names)
    return {one.portfolio: one for one in found}
