"""Build what a report needs of a portfolio from its transactions and prices: positions, snapshots and risk metrics.

Depends on the stores, and on the same metrics that a report recomputes. Does not value what has no price: such a day
has no snapshot and is named.
"""

from datetime import date
from typing import TYPE_CHECKING

from ys_analytics import migrations
from ys_analytics.errors import ContractError, UsageError
from ys_analytics.ingest import portfolio_files
from ys_analytics.ingest.building import balances, positions, risk, snapshots, writing
from ys_analytics.ingest.building.coverage import Built, Difference, Gap, Shortage
from ys_analytics.ingest.building.inputs import Inputs
from ys_analytics.ingest.building.outdated import outdated
from ys_analytics.ingest.import_log import ImportLog
from ys_analytics.ingest.numbers import all_digits
from ys_analytics.schemas import TABLES, Progress, silent

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

__all__ = ["Built", "Difference", "Gap", "Shortage", "build", "outdated"]

# Shortages that an error names; the others are counted.
_SHOWN = 5


@all_digits()
def build(
    stores: "Stores",
    portfolio: str,
    *,
    until: date | None = None,
    log: ImportLog | None = None,
    replace: bool = False,
    progress: Progress = silent,
) -> Built:
    """Write positions, daily snapshots and risk metrics of a portfolio from its transactions and the market's prices.

    A day is valued at each asset's last price within the 24 hours before its last millisecond, as a report does. A day
    on which something held has no price has no snapshot. What was built before is replaced.

    Args:
        stores: PostgreSQL and ClickHouse, as the owner.
        portfolio: Id or name.
        until: The last day; when left out the last one on which all that is held has a price.
        log: The log of imports, for the balances that files state.
        replace: Whether snapshots that a platform wrote may be replaced.
        progress: Called with every step.

    Returns:
        What was built, with its coverage.

    Raises:
        UsageError: there is no such portfolio, it has no transaction, or its snapshots are a platform's.
        ContractError: a balance goes below zero; nothing was written.
        StoreError: a store refused.
    """
    migrations.require_schema(stores)
    id_ = portfolio_files.find(stores, portfolio)
    if id_ is None:
        raise UsageError(f"no portfolio is called {portfolio!r}; `ys load portfolios` lists them")
    if not replace and not portfolio_files.is_imported(stores, id_):
        raise UsageError(
            f"{portfolio}: is a platform's portfolio with snapshots of its own; add --replace to build over them"
        )
    progress("transactions", 0, 4)
    transactions = stores.postgres.scan(
        "transactions", "portfolio_id::text = %(id)s", {"id": id_}, schema=TABLES["transactions"].schema
    )
    if transactions.is_empty():
        raise UsageError(f"{portfolio}: has no transaction; import its files first")
    assets = stores.postgres.scan("assets", schema=TABLES["assets"].schema)
    progress("prices", 1, 4)
    inputs = Inputs.load(stores, id_, transactions, assets)
    last = until or balances.last_priced_day(inputs)
    replayed = balances.replay(inputs, last)
    shortages = balances.shortages(inputs, replayed)
    differences, agreed = balances.compare_with_files(inputs, replayed, log)
    if shortages:
        listed = "; ".join(map(str, shortages[:_SHOWN]))
        more = f"; and {len(shortages) - _SHOWN} more" if len(shortages) > _SHOWN else ""
        raise ContractError(f"{portfolio}: nothing was built: {listed}{more}")
    progress("values", 2, 4)
    days = replayed.days
    values, gaps = snapshots.day_values(inputs, days)
    snapshot_rows = snapshots.snapshot_rows(inputs, values)
    position_rows = positions.position_rows(inputs, replayed.balances, days[-1])
    progress("writing", 3, 4)
    risk_rows = risk.risk_rows(inputs, snapshot_rows, values)
    writing.replace_built(stores, id_, position_rows, snapshot_rows, risk_rows, positions.dollar_quotes(inputs, days))
    total = values[-1].total if values and values[-1].day == last else None
    return Built(
        portfolio=id_, first=values[0].day if values else None, last=last, snapshots=len(values), days=len(days),
        positions=position_rows.height, value=total, gaps=gaps, differences=differences, agreed=agreed,
    )  # fmt: skip
