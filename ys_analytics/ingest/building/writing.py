"""Write a built portfolio into the stores in place of what was built before.

Depends on the stores; computes nothing.
"""

from typing import TYPE_CHECKING

import polars as pl

from ys_analytics import migrations
from ys_analytics.ingest.building.positions import DEFINITION
from ys_analytics.schemas import TIME

if TYPE_CHECKING:
    from ys_analytics.stores import Stores


def replace_built(  # noqa: PLR0917 - four tables of one portfolio
    stores: "Stores", id_: str, positions: pl.DataFrame, snapshots: pl.DataFrame, risk: pl.DataFrame,
    dollar_quotes: pl.DataFrame,
) -> None:  # fmt: skip
    """Replace a portfolio's snapshots, risk metrics and positions, and add the quotes of dollars that are not there."""
    for name, rows in (("portfolio_snapshots", snapshots), ("risk_metrics", risk)):
        migrations.delete_rows(stores.clickhouse, name, f"portfolio_id = '{id_}'")
        if rows.height:
            stores.clickhouse.write(name, rows)
    if dollar_quotes.height:
        ids = ", ".join(f"'{asset}'" for asset in dollar_quotes["asset_id"].unique().sort())
        existing = stores.clickhouse.read(
            f"SELECT asset_id, timestamp FROM market_data WHERE source = '{DEFINITION}' AND asset_id IN ({ids})",  # noqa: S608 - ids of our own registry
            schema={"asset_id": pl.String(), "timestamp": TIME},
        )
        new = dollar_quotes.join(existing, on=["asset_id", "timestamp"], how="anti", maintain_order="left")
        if new.height:
            stores.clickhouse.write("market_data", new)
    with stores.postgres.transaction():
        stores.postgres.run("DELETE FROM portfolio_positions WHERE portfolio_id::text = %(id)s", {"id": id_})
        if positions.height:
            stores.postgres.write("portfolio_positions", positions)
    migrations.refresh(stores)
