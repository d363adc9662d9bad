"""One judged demo, one judged real market: made once, looked at by every test of this room."""

import json
import runpy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ys_analytics import quality
from ys_analytics.demo import economy
from ys_analytics.quality import suites
from ys_analytics.quality.promise import Detect
from ys_analytics.schemas import TABLES, Finding

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared" / "data"
UNTIL = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True)
class Frozen:
    """A folder that looks like a run: frames and the two lines of a manifest that judging reads."""

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
    (folder / "manifest.json").write_text(json.dumps({"week": week, "as_of": as_of.isoformat()}))
    return Frozen(folder)


@pytest.fixture
def freeze(tmp_path) -> Freeze:
    """Frames of a test's own making, as a run."""
    return lambda frames, **more: frozen(tmp_path / "runs" / "2026-W47", frames, **more)


@pytest.fixture(scope="session", autouse=True)
def _judge_is_let_go():
    """The judging process ends with the session."""
    quality.warm()
    yield
    quality.rest()


@pytest.fixture(scope="session")
def demo_frames() -> dict[str, pl.DataFrame]:
    """The demo economy as a run would hold it, with what the stores themselves derive."""
    made = economy(portfolios=12, days=120, until=UNTIL)
    held = {name: frame.select(*TABLES[name].schema) for name, frame in made.items() if TABLES[name].schema}
    return held | {
        "daily_external_flows": _flows(held["transactions"]),
        "current_exposure": _exposure(held["portfolio_positions"], held["assets"]),
        "schema_migrations": _migrations(),
    }


@pytest.fixture(scope="session")
def demo(tmp_path_factory, demo_frames) -> Frozen:
    """The demo, frozen."""
    return frozen(tmp_path_factory.mktemp("demo") / "2026-W47", demo_frames)


@pytest.fixture(scope="session")
def judged(demo) -> list[Finding]:
    """Every promise about the demo, judged once."""
    return quality.judge(demo)


def _flows(transactions: pl.DataFrame) -> pl.DataFrame:
    outside = pl.col("transaction_type").is_in(["deposit", "withdraw"]) & pl.col("protocol_name").is_null()
    into = pl.col("transaction_type") == "deposit"
    return _typed(
        "daily_external_flows",
        transactions.filter(outside & (pl.col("status") == "confirmed"))
        .with_columns(
            day=pl.col("timestamp").dt.date(),
            asset_id=pl.when(into).then("to_asset_id").otherwise("from_asset_id"),
            amount=pl.when(into).then("to_amount").otherwise("from_amount"),
            direction=pl.when(into).then(pl.lit("in")).otherwise(pl.lit("out")),
            rule=pl.lit("protocol"),
        )
        .group_by("portfolio_id", "day", "asset_id", "direction", "rule")
        .agg(pl.col("amount").sum(), flows=pl.len()),
    )


def _exposure(positions: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    kinds = assets.select("asset_type", asset_id="id")
    return _typed(
        "current_exposure",
        positions.join(kinds, on="asset_id")
        .with_columns(pl.col("protocol_address").fill_null(""), pl.col("chain_id").fill_null(0))
        .group_by("portfolio_id", "asset_type", "protocol_address", "chain_id")
        .agg(value=pl.col("current_value").sum(), positions=pl.len()),
    )


def _migrations() -> pl.DataFrame:
    row = {
        "version": "0001",
        "description": "Create enums.",
        "applied_at": UNTIL,
        "rollback_sql": "DROP TYPE x;",
        "checksum": "0" * 64,
    }
    return pl.DataFrame([row], schema=TABLES["schema_migrations"].schema)  # fmt: skip


def _typed(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    schema = TABLES[name].schema
    return rows.select([pl.col(column).cast(dtype) for column, dtype in schema.items()]).sort(*TABLES[name].key)


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


def _uuid(name: pl.Expr) -> pl.Expr:
    """Text in the form of a UUID, one for each name."""
    digits = name.hash(seed=7).cast(pl.String).str.zfill(32)
    parts = [digits.str.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.concat_str(parts, separator="-")


@pytest.fixture(scope="session")
def detectors() -> dict[str, list[Detect]]:
    """The detectors of every suite, read as the judge reads them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = {name: runpy.run_path(str(suites.path_of(name))) for name in suites.names()}
    return {name: list(left.get("DETECTORS", ())) for name, left in read.items()}


@dataclass(frozen=True)
class Quotes:
    """Quotes in the form in which detectors ask for them."""

    rows: pl.DataFrame

    @property
    def as_of(self) -> datetime:
        """A day after the last quote."""
        return self.rows["timestamp"].max() + timedelta(days=1)

    def frame(self, _: str) -> pl.DataFrame:
        """The quotes, whatever table is asked for."""
        return self.rows


@pytest.fixture(scope="session")
def real_findings(real_market, detectors) -> dict[str, pl.DataFrame]:
    """What every detector of the price suite says of all real quotes, whole and not only the first rows."""
    return {detect.rule: detect.find(Quotes(real_market)) for detect in detectors["market_data"]}
