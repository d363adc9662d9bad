"""The demo as the frames of a run, made without a store: its tables, and the views that stores derive from them.

Depends on the folder of a run, and on PostgreSQL's two views and its ledger. Does not check.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ys_analytics.demo import economy
from ys_analytics.frames import Manifest
from ys_analytics.schemas import TABLES, Week

UNTIL = datetime(2026, 11, 23, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FrozenFolder:
    """A folder that looks like a run: frames, and the two lines of a manifest that checking reads."""

    folder: Path


def demo(*, portfolios: int = 12, days: int = 400, seed: int = 7) -> dict[str, pl.DataFrame]:
    """Every visible table of the demo, with what the stores themselves derive."""
    generated = economy(portfolios=portfolios, days=days, seed=seed, until=UNTIL)
    held = {name: frame.select(*TABLES[name].schema) for name, frame in generated.items() if TABLES[name].schema}
    return held | {
        "daily_external_flows": flows(held["transactions"]),
        "current_exposure": exposure(held["portfolio_positions"], held["assets"]),
        "schema_migrations": ledger(),
    }


@contextmanager
def frozen(
    frames: Mapping[str, pl.DataFrame], *, as_of: datetime = UNTIL, week: str = "2026-W47"
) -> Iterator[FrozenFolder]:
    """Frames as a run, for the length of a block."""
    with TemporaryDirectory() as folder:
        run = Path(folder) / week
        (run / "frames").mkdir(parents=True)
        for name, frame in frames.items():
            frame.write_parquet(run / "frames" / f"{name}.parquet")
        output = Manifest(week=Week(week), as_of=as_of, git_commit="", kit_version="", schema_version={}, frames={})
        (run / "manifest.json").write_text(output.to_text())
        yield FrozenFolder(run)


def flows(transactions: pl.DataFrame) -> pl.DataFrame:
    """What `daily_external_flows` shows of these transactions."""
    external = pl.col("transaction_type").is_in(["deposit", "withdraw"]) & pl.col("protocol_name").is_null()
    inward = pl.col("transaction_type") == "deposit"
    return _typed(
        "daily_external_flows",
        transactions.filter(external & (pl.col("status") == "confirmed"))
        .with_columns(
            day=pl.col("timestamp").dt.date(),
            asset_id=pl.when(inward).then("to_asset_id").otherwise("from_asset_id"),
            amount=pl.when(inward).then("to_amount").otherwise("from_amount"),
            direction=pl.when(inward).then(pl.lit("in")).otherwise(pl.lit("out")),
            rule=pl.lit("protocol"),
        )
        .group_by("portfolio_id", "day", "asset_id", "direction", "rule")
        .agg(pl.col("amount").sum(), flows=pl.len()),
    )


def exposure(positions: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """What `current_exposure` shows of these positions."""
    kinds = assets.select("asset_type", asset_id="id")
    return _typed(
        "current_exposure",
        positions.join(kinds, on="asset_id")
        .with_columns(pl.col("protocol_address").fill_null(""), pl.col("chain_id").fill_null(0))
        .group_by("portfolio_id", "asset_type", "protocol_address", "chain_id")
        .agg(value=pl.col("current_value").sum(), positions=pl.len()),
    )


def ledger() -> pl.DataFrame:
    """`schema_migrations` after one migration."""
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
