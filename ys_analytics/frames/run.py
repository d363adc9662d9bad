"""Opens a frozen run: verified against its hashes once a process, then read frame by frame.

Depends on the folder and its manifest. Does not open a store, so a past week can be read anywhere.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ys_analytics.errors import ContractError, RunError
from ys_analytics.frames import atomic, parquet
from ys_analytics.frames.manifest import FrameRecord, Manifest
from ys_analytics.schemas import LIMITS, TABLES, Limits, Span, Week, unknown_name


@dataclass(frozen=True, slots=True)
class Run:
    """One week as it was frozen.

    Attributes:
        folder: Where it lies: `frames/*.parquet`, `manifest.json`, and the findings and reports made from it.
        manifest: What it says of itself.
    """

    folder: Path
    manifest: Manifest

    @property
    def week(self) -> Week:
        """The ISO week."""
        return self.manifest.week

    @property
    def tables(self) -> tuple[str, ...]:
        """The frames it holds, in the order of `schemas.TABLES`."""
        return tuple(self.manifest.frames)

    def frame(self, name: str) -> pl.DataFrame:
        """One frame whole, as `frames.load` gave it.

        Raises:
            UsageError: the run holds no such frame.
        """
        return self.scan(name).collect()

    def scan(self, name: str) -> pl.LazyFrame:
        """One frame, read only as far as it is used.

        Raises:
            UsageError: the run holds no such frame.
        """
        return pl.scan_parquet(self._path(name))

    def sql(
        self, query: str, *, portfolio: str | None = None, span: Span | None = None, limits: Limits = LIMITS
    ) -> pl.DataFrame:
        """Answer one SELECT in DuckDB's SQL over the frames; each is a table under its name.

        Nothing but this run's frames can be read, and nothing written. Days are UTC days; types are those of the
        frames, and `frames.sql_types` has the rule for every other.

        Args:
            query: One SELECT.
            portfolio: Id that tables with a portfolio are restricted to; None gives the whole fleet.
            span: Only rows placed in it, of tables with a time; None gives all.
            limits: What the query may take.

        Raises:
            UsageError: the query is not one SELECT, is wrong, asks for what is not here or exceeds a limit.
        """
        # Here and not above: Arrow's datasets import pandas, which takes longer than a first figure.
        from ys_analytics.frames.sql import query_files

        folder = (self.folder / "frames").resolve()
        files = {name: folder / self._path(name).name for name in self.tables}
        return query_files(query, files, portfolio=portfolio, span=span, limits=limits)

    def _path(self, name: str) -> Path:
        record = self.manifest.frames.get(name)
        if record is None:
            raise unknown_name(name, self.tables, what=f"table in the run of {self.week}", listed="`ys catalog`")
        return self.folder / record.file


@dataclass(frozen=True, slots=True)
class Verification:
    """A run whose files were compared with their hashes, and how the file system described them then.

    Attributes:
        run: The run.
        files: Name, size, times of change and place on the disk of each file.
    """

    run: Run
    files: tuple[tuple[str, int, int, int, int], ...]


# The run this process verified last.
_last_verification: dict[Path, Verification] = {}

# A file may be written twice in one tick of the file system's clock; a younger one is compared again.
_TICK_NS = 100_000_000


def open_run(folder: Path) -> Run:
    """Open a run and make sure that it is, byte for byte, what was frozen.

    The hashes are computed once a process, and again when a file's size, time of change or place on the disk is
    another.

    Raises:
        RunError: there is no run, or a file of it is missing, added or altered; the line names it.
    """
    atomic.restore(folder)
    verification = _last_verification.get(folder.resolve())
    if verification is not None and verification.files == _file_stats(folder):
        return verification.run
    stats_before = _file_stats(folder)
    manifest = Manifest.read(folder / "manifest.json")
    for name, record in manifest.frames.items():
        _verify(folder, name, record)
    frame_files = {(folder / record.file).name for record in manifest.frames.values()}
    for path in sorted((folder / "frames").glob("*.parquet")):
        if path.name not in frame_files:
            raise RunError(f"{path}: not a file of this run; remove it, or freeze the week again")
    run = Run(folder, manifest)
    latest = max((change_time for _, _, _, change_time, _ in stats_before), default=0)
    if stats_before == _file_stats(folder) and latest < time.time_ns() - _TICK_NS:
        accept_verification(Verification(run, stats_before))
    return run


def verification_of(run: Run) -> Verification | None:
    """The verification of a run in this process, to hand to a process it starts; None where it was not verified."""
    verification = _last_verification.get(run.folder.resolve())
    return verification if verification is not None and verification.run == run else None


def accept_verification(verification: Verification) -> None:
    """Open this run without hashing it again, as long as its files are described as they were."""
    _last_verification.clear()
    _last_verification[verification.run.folder.resolve()] = verification


def _file_stats(folder: Path) -> tuple[tuple[str, int, int, int, int], ...]:
    """Each file of a run, as the file system describes it; empty where there is none."""
    paths = [folder / "manifest.json", *sorted((folder / "frames").glob("*.parquet"))]
    try:
        stats = [(path.name, path.stat()) for path in paths]
    except FileNotFoundError:
        return ()
    return tuple((name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino) for name, stat in stats)


def _verify(folder: Path, name: str, record: FrameRecord) -> None:
    path = folder / record.file
    advice = f"freeze the week again with `ys freeze --refreeze --week {folder.name}`"
    if not path.is_file():
        raise RunError(f"{path}: the file of {name} is missing; {advice}")
    if path.stat().st_size != record.bytes or parquet.sha256(path) != record.sha256:
        raise RunError(f"{path}: no longer the bytes that were frozen; {advice}")
    declared = TABLES.get(name)
    if declared is None or record.columns != columns_of(name):
        raise ContractError(f"{name}: frozen under another schema than this program's; {advice}")


def columns_of(name: str) -> dict[str, str]:
    """Name and type of each column of a table, as a manifest states them."""
    return {column: str(dtype) for column, dtype in TABLES[name].schema.items()}
