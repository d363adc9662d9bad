"""A file that moves, a pipe, and one file under two names: whole, or one clear line."""

import os
from pathlib import Path

import pytest

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import files

HEAD = "timestamp,asset_id,chain_id,price,volume_24h,market_cap,price_change_24h,source"
ROW = "2026-01-01T00:00:00Z,00000000-0000-4000-8000-000000000000,0,1,1,1,0,desk"


def prices(path: Path, rows: int = 1) -> Path:
    """A file of prices."""
    path.write_text("\n".join([HEAD, *[ROW] * rows]) + "\n")
    return path


@pytest.mark.parametrize("change", ["grows", "is cut", "is written over"])
def test_a_file_that_moves_is_refused(tmp_path, monkeypatch, change):
    """Between the first byte and the last no one else may have written."""
    path = prices(tmp_path / "x.csv", rows=10)
    fstat = os.fstat
    calls = []

    def move(descriptor: int) -> os.stat_result:
        found = fstat(descriptor)
        if not calls:
            calls.append(descriptor)
            with path.open("r+b") as file:
                if change == "is cut":
                    file.truncate(20)
                else:
                    file.seek(0, os.SEEK_END if change == "grows" else os.SEEK_SET)
                    file.write(b"t")
            os.utime(path, ns=(found.st_mtime_ns + 10**9, found.st_mtime_ns + 10**9))
        return found

    monkeypatch.setattr(files.os, "fstat", move)
    with pytest.raises(ContractError, match=r"x\.csv: was written to while it was read; import it when"):
        files.read(path)


@pytest.mark.parametrize("name", ["pipe", "pipe.csv", "pipe.parquet"])
def test_a_pipe_is_refused_at_once(tmp_path, name):
    """That its writer broke off looks the same as that it was done; no one waits for one that has no writer."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(UsageError, match="is a pipe or a device"):
        files.read(tmp_path / name)


def test_standard_input_and_folders_are_refused(tmp_path):
    """/dev/stdin under a pipe, a device, and a folder with the name of a file."""
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        files.read(tmp_path / "folder.csv")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        files.read(Path("/dev/null"))


@pytest.mark.parametrize("how", ["hard link", "symbolic link", "copy", "same name"])
def test_one_file_under_two_names(tmp_path, how):
    """Its rows would count twice in a table of events; a third file with other rows is no reason to refuse."""
    first, other = prices(tmp_path / "a.csv"), prices(tmp_path / "c.csv", rows=2)
    second = tmp_path / "b.csv"
    match how:
        case "hard link":
            second.hardlink_to(first)
        case "symbolic link":
            second.symlink_to(first)
        case "copy":
            second.write_bytes(first.read_bytes())
        case _:
            second = tmp_path / "." / "a.csv"
    with pytest.raises(UsageError, match=r"holds the same bytes as .*a\.csv; name each file once"):
        files.refuse_twice([first, other, second], copies=how == "copy")
    files.refuse_twice([first, other], copies=True)
