"""Memory of what is read of a frozen run: a fleet of thousands is read portfolio by portfolio."""

import subprocess
import sys

import polars as pl
import pytest

_PORTFOLIOS, _DAYS, _READ = 400, 200, 40

# A process of its own: memory that another test gave back would be used again and hide what is held.
_READS = """
import sys
from datetime import UTC, datetime
from pathlib import Path

from ys_analytics.desk.sources import Frozen
from ys_analytics.frames.manifest import FrameRecord, Manifest
from ys_analytics.frames.run import Run
from ys_analytics.schemas import Week


def resident():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


folder, table, owners = Path(sys.argv[1]), "portfolio_snapshots", [f"portfolio {n}" for n in range(int(sys.argv[2]))]
record = FrameRecord(
    store="clickhouse", file=f"{table}.parquet", query="", parameters={}, rows=10**6, bytes=0, sha256="", latest=None,
    columns={}, duplicates=0, proof=(),
)
manifest = Manifest(
    week=Week("2026-W01"), as_of=datetime(2026, 1, 5, tzinfo=UTC), git_commit="", kit_version="", schema_version={},
    frames={table: record},
)
source = Frozen(Run(folder, manifest))
source.rows(table, portfolio=owners[0])
before = resident()
held = [source.rows(table, portfolio=owner) for owner in owners[1:]]
assert all(frame.height == int(sys.argv[3]) for frame in held)
print((resident() - before) / len(held))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
def test_a_frame_of_one_portfolio_holds_its_own_rows_and_no_others(tmp_path):
    """What is read of one portfolio of four hundred takes less than a fifth of the file, however many are kept."""
    rows = _PORTFOLIOS * _DAYS
    number = pl.int_range(rows)
    share = pl.struct(key=pl.format("an asset with a long name {}", number % 50), value=pl.lit(0.2))
    snapshots = pl.select(
        timestamp=pl.datetime(2025, 1, 1, time_zone="UTC") + pl.duration(days=number // _PORTFOLIOS),
        portfolio_id=pl.format("portfolio {}", number % _PORTFOLIOS),
        asset_allocation=pl.concat_list([share] * 6),
    )
    snapshots.write_parquet(tmp_path / "portfolio_snapshots.parquet")
    said = subprocess.run(
        [sys.executable, "-c", _READS, str(tmp_path), str(_READ), str(_DAYS)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(said.stdout) < snapshots.estimated_size() / 2**20 / 5
