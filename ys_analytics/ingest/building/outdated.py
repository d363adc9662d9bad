"""Whether what was built of a portfolio still agrees with its ledger and the prices.

Depends on the stores and on the other modules of this package; writes nothing.
"""

from typing import TYPE_CHECKING

import polars as pl

from ys_analytics.ingest import portfolio_files
from ys_analytics.ingest.building import balances, snapshots
from ys_analytics.ingest.building.inputs import Inputs
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.schemas import MONEY, TABLES, TIME

if TYPE_CHECKING:
    from ys_analytics.stores import Stores


@all_digits()
def outdated(stores: "Stores", portfolio: str) -> str:
    """Why what was built of a portfolio is not what its ledger and the prices say now; empty where it is.

    Only a portfolio that an import opened is compared: another one's snapshots are a platform's.

    Args:
        stores: PostgreSQL and ClickHouse.
        portfolio: Id or name.
    """
    id_ = portfolio_files.find(stores, portfolio)
    if id_ is None or not portfolio_files.was_opened_by_import(stores, id_):
        return ""
    transactions = stores.postgres.scan(
        "transactions", "portfolio_id::text = %(id)s", {"id": id_}, schema=TABLES["transactions"].schema
    )
    if transactions.is_empty():
        return ""
    built = stores.clickhouse.read(
        "SELECT timestamp, total_value FROM portfolio_snapshots WHERE portfolio_id = {id:String} ORDER BY timestamp",
        {"id": id_},
        schema={"timestamp": TIME, "total_value": MONEY},
    )
    return _difference(stores, id_, transactions, built) if built.height else "it was not built yet"


def _difference(stores: "Stores", id_: str, transactions: pl.DataFrame, built: pl.DataFrame) -> str:
    """How a ledger and its snapshots differ: in what they reach, or in a value; empty where they do not."""
    last_built = built["timestamp"].max().date()  # type: ignore[union-attr]
    first = transactions["timestamp"].min().date()  # type: ignore[union-attr]
    if newer := transactions.filter(pl.col("timestamp").dt.date() > last_built).height:
        return f"{newer:,} transactions are newer than its last snapshot, of {last_built}"
    inputs = Inputs.load(stores, id_, transactions, stores.postgres.scan("assets", schema=TABLES["assets"].schema))
    if (last_priced := balances.last_priced_day(inputs)) > last_built:
        return f"prices reach {last_priced}, its snapshots {last_built}"
    if last_built < first:
        return f"its ledger begins on {first}, after its last snapshot"
    values, _ = snapshots.day_values(inputs, balances.replay(inputs, last_built).days)
    rows = snapshots.snapshot_rows(inputs, values).sort("timestamp")
    same = rows.select(pl.col(name).cast(dtype) for name, dtype in built.schema.items())
    return "" if same.equals(built) else "its transactions or prices were changed since"
