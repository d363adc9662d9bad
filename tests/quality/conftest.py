"""One checked demo, one checked real market: made once, looked at by every test of this room."""

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.frames import Manifest
from ys_analytics.quality import suites
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES, Finding, Week

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared" / "data"
UNTIL = datetime(2026, 11, 23, tzinfo=UTC)


def bench_module(name: str) -> Any:
    """A module of the benches, so that what is tested is what is measured."""
    folder = str(PROJECT / "benchmarks")
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(folder)


@dataclass(frozen=True)
class Frozen:
    """A folder that looks like a run: frames, and a manifest that holds their hashes."""

    folder: Path

    def frame(self, name: str) -> pl.DataFrame:
        """One frame of it."""
        return pl.read_parquet(self.folder / "frames" / f"{name}.parquet")


Freeze = Callable[..., Frozen]


def frozen(folder: Path, frames: Mapping[str, pl.DataFrame], *, week="2026-W47", as_of=UNTIL) -> Frozen:
    """Write frames as a run holds them."""
    (folder / "frames").mkdir(parents=True)
    for name, frame in frames.items():
        frame.write_parquet(folder / "frames" / f"{name}.parquet")
    hashes = {path.stem: sha256(path.read_bytes()).hexdigest() for path in sorted((folder / "frames").iterdir())}
    said = Manifest(week=Week(week), as_of=as_of, git_commit="", kit_version="", schema_version=hashes, frames={})
    (folder / "manifest.json").write_text(said.to_text())
    return Frozen(folder)


@pytest.fixture
def freeze(tmp_path) -> Freeze:
    """Frames of a test's own making, as a run."""
    return lambda frames, **more: frozen(tmp_path / "runs" / "2026-W47", frames, **more)


@pytest.fixture(scope="session", autouse=True)
def _worker_is_stopped():
    """The checking process ends with the session."""
    quality.start_worker()
    yield
    quality.stop_worker()


@pytest.fixture(scope="session")
def demo_frames() -> dict[str, pl.DataFrame]:
    """The demo economy as a run would hold it, with what the stores themselves derive."""
    made: dict[str, pl.DataFrame] = bench_module("quality_frames").demo(days=120)
    return made


@pytest.fixture(scope="session")
def demo(tmp_path_factory, demo_frames) -> Frozen:
    """The demo, frozen."""
    return frozen(tmp_path_factory.mktemp("demo") / "2026-W47", demo_frames)


@pytest.fixture(scope="session")
def demo_findings(demo) -> list[Finding]:
    """Every rule about the demo, checked once."""
    return quality.validate(demo)


@pytest.fixture(scope="session")
def real_market() -> pl.DataFrame:
    """Real daily prices, 49 coins since 2017, as `market_data` holds them; `symbol` says who is who."""
    file = SHARED / "market" / "market_data_normalized.parquet"
    if not file.is_file():
        pytest.skip("needs ../shared/data/market, which is not here")
    schema = TABLES["market_data"].schema
    quotes = pl.read_parquet(file).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
        symbol=pl.col("asset_id"),
        asset_id=_uuid(pl.col("asset_id")),
        chain_id=pl.lit(0),
        volume_24h=pl.col("volume_24h").fill_null(0),
        market_cap=pl.col("market_cap").fill_null(0),
        price_change_24h=pl.col("price_change_24h").fill_null(0) / 100,
    )
    return quotes.select(*[pl.col(name).cast(dtype) for name, dtype in schema.items()], "symbol").sort(
        "asset_id", "timestamp"
    )


@pytest.fixture(scope="session")
def checked_history() -> Callable[[str], tuple[Any, list[Finding]]]:
    """A function that gives a real history of the benches by its name, and its findings, checked once."""
    honest = bench_module("quality_honest")

    @cache
    def check(name: str) -> tuple[Any, list[Finding]]:
        history = honest.history(name)
        if history is None:
            pytest.skip(f"needs ../shared/data/{honest.HISTORIES[name][0]}, which is not here")
        return history, honest.history_findings(history)

    return check


def _uuid(name: pl.Expr) -> pl.Expr:
    """Text in the form of a UUID, one for each name."""
    digits = name.hash(seed=7).cast(pl.String).str.zfill(32)
    parts = [digits.str.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.concat_str(parts, separator="-")


@pytest.fixture(scope="session")
def detectors() -> dict[str, list[Detector]]:
    """The detectors of every suite, read as the checker reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: list(suites.read(name).detectors) for name in suites.names()}


@dataclass(frozen=True)
class Quotes:
    """Quotes in the form in which detectors ask for them."""

    rows: pl.DataFrame

    @property
    def as_of(self) -> datetime:
        """A day after the last quote."""
        return self.rows["timestamp"].max() + timedelta(days=1)

    def moment(self, _: str) -> datetime:
        """The same for every table."""
        return self.as_of

    def frame(self, _: str) -> pl.DataFrame:
        """The quotes, for every table."""
        return self.rows


@pytest.fixture(scope="session")
def real_findings(real_market, detectors) -> dict[str, pl.DataFrame]:
    """What every detector of the price suite says of all real quotes, whole and not only the first rows."""
    return {detect.rule: detect.find(Quotes(real_market)) for detect in detectors["market_data"]}
