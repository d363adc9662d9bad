"""A file system that refuses: one line, exit 16, and not a byte left behind."""

import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from ys_analytics.errors import FileError, file_error

from . import disks
from .conftest import YS

WEEK = "2026-W47"

# Every command that writes files where it is asked to. What writes into stores is in tests/servers.
WRITING = {
    "a load as Parquet": ["load", "transactions", "--to", "{disk}/own/x.parquet"],
    "a load as CSV": ["load", "transactions", "--to", "{disk}/own/x.csv"],
    "a load of a key family": ["load", "redis_risk_correlation", "--to", "{disk}/own/x.csv"],
    "a load of a collection": ["load", "market_sentiment", "--to", "{disk}/own/x.parquet"],
    "a load of ClickHouse": ["load", "market_data", "--to", "{disk}/own/x.csv"],
    "a freeze": ["freeze", "--week", WEEK, "--out", "{disk}/own"],
    "a report that freezes": ["report", "--week", WEEK, "--all", "--out", "{disk}/own"],
    "a check": ["check", "assets", "--run", "{disk}/runs/" + WEEK],
    "a report of a run": ["report", "--week", WEEK, "--portfolio", "Alder Reserve", "--out", "{disk}/runs"],
    "the pages of Great Expectations": ["check", "assets", "--run", "{run}", "--docs", "{disk}/own/docs"],
}


@pytest.fixture(scope="session")
def run(ys) -> Path:
    """A run of the week, frozen where there is room."""
    done = ys("freeze", "--week", WEEK)
    assert done.returncode == 0, done.stderr
    return ys.home / "out" / WEEK


def _left(disk: Path) -> set[str]:
    """What is on the disk, but for locks, which hold nothing, and folders."""
    return {str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file() and path.suffix != ".lock"}


@pytest.mark.servers  # minutes; two of each kind are below
@pytest.mark.parametrize("disk_is", ["full", "read-only"])
@pytest.mark.parametrize("what", WRITING)
def test_a_disk_that_refuses_is_one_line(ys, run, tmp_path, what, disk_is):
    """Every command that writes says what was refused, ends soon, and leaves the disk as it was."""
    with disks.mounted(tmp_path / "disk", size="8m") as disk:
        (disk / "own").mkdir()
        if "/runs" in "".join(WRITING[what]):
            shutil.copytree(run, disk / "runs" / WEEK)
        if disk_is == "full":
            disks.fill(disk)
        else:
            disks.make_read_only(disk)
        before = _left(disk)
        done = ys(*(word.format(disk=disk, run=run) for word in WRITING[what]), TMPDIR="/tmp")  # noqa: S108 - of children
        assert done.returncode == FileError.exit_code, done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith(f"ys: {disk}")
        assert ("no space left" if disk_is == "full" else "read-only") in last.lower()
        assert "a fault of ours" not in done.stderr
        assert _left(disk) == before


@pytest.mark.parametrize("what", ["a load as CSV", "a load of ClickHouse", "a freeze"])
def test_a_disk_that_fills_in_the_middle(ys, run, tmp_path, what):
    """A file whose first rows had room leaves nothing, and no one waits for a store that is half read."""
    with disks.mounted(tmp_path / "disk") as disk:
        (disk / "own").mkdir()
        disks.fill(disk, leave=65_536)
        before, began = _left(disk), time.monotonic()
        done = ys(*(word.format(disk=disk, run=run) for word in WRITING[what]))
        assert done.returncode == FileError.exit_code, done.stderr
        assert done.stderr.count("\n") == 1
        assert _left(disk) == before
        assert time.monotonic() - began < 60


def test_a_limit_on_the_size_of_files_is_one_line(ys, tmp_path):
    """The same without a mount: the system refuses more than so many bytes."""
    target = tmp_path / "x.csv"
    done = subprocess.run(
        [YS, "load", "transactions", "--to", str(target)],
        env=ys.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert done.returncode == FileError.exit_code, done.stderr
    assert done.stderr == f"ys: {target}: file too large; " + done.stderr.split("; ", 1)[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(["load", "assets", "--to", "{long}.csv"], "file name too long", id="a name too long"),
        pytest.param(["freeze", "--week", WEEK, "--out", "{file}/x"], "not a directory", id="a file as a folder"),
        pytest.param(["load", "assets", "--to", "{file}/x.csv"], "x.csv", id="a file as the folder of a file"),
        pytest.param(["freeze", "--week", WEEK, "--out", "{long}"], "file name too long", id="a long folder"),
    ],
)
def test_an_impossible_path_is_one_line(ys, tmp_path, words, says):
    """Names that are too long and folders that are files are said as such."""
    (tmp_path / "file").touch()
    named = {"long": tmp_path / ("x" * 300), "file": tmp_path / "file"}
    done = ys(*(word.format(**named) for word in words))
    assert done.returncode == FileError.exit_code, done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_name_of_the_longest_length_is_written(ys, tmp_path):
    """What the file system takes is written: no draft needs a longer name."""
    target = tmp_path / ("x" * 251 + ".csv")
    assert ys("load", "assets", "--to", str(target)).returncode == 0
    assert target.is_file()


def test_a_deleted_working_folder_is_named_only_where_it_is_needed(ys, tmp_path):
    """A command started in a folder that is gone says so, and one that needs no folder works."""
    script = 'mkdir "$1" && cd "$1" && rmdir "$1" && shift && exec "$@"'
    freeze = ["freeze", "--week", "2026-W46"]  # the embedded ClickHouse asks where it is
    for words, code in (
        (["catalog"], 0),
        (["load", "assets", "--to", "x.csv"], FileError.exit_code),
        (freeze, FileError.exit_code),
    ):
        done = subprocess.run(
            ["sh", "-c", script, "sh", str(tmp_path / "gone"), str(YS), *words],
            env=ys.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert done.stderr == ("ys: the folder you are in was deleted; change to one that is there\n" if code else "")


def test_an_output_that_takes_no_more(bare):
    """A full disk behind stdout is an error, not an answer cut short."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [YS, "catalog"], env=bare.environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == FileError.exit_code
    assert done.stderr.startswith("ys: ")
    assert done.stderr.count("\n") == 1


def test_an_error_of_the_network_is_none_of_files():
    """A connection that was refused is not taken for a file."""
    assert file_error(ConnectionRefusedError(111, os.strerror(111))) is None
    assert file_error(OSError("No space left on device (os error 28)"), Path("x")).exit_code == FileError.exit_code
