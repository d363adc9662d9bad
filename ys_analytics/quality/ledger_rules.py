"""Rules that compare transactions, positions, snapshots and quotes, and need more than one query.

Knows the words of a rule and the detectors of ledgers; knows no engine.
"""

import polars as pl

from ys_analytics.quality.detectors.cross_source import contradicted_change
from ys_analytics.quality.detectors.ledgers import impossible_costs, oversized_flows, uneven_swaps, without_flow_days
from ys_analytics.quality.detectors.unrecorded_changes import unrecorded_changes
from ys_analytics.quality.suite_types import Detector

# The last snapshot of a day: an earlier one states its return since the close before, not since a day ago.
_CLOSES = pl.col("timestamp") == pl.col("timestamp").max().over("portfolio_id", pl.col("timestamp").dt.date())


def ledger_rules() -> tuple[Detector, ...]:
    """The rules that compare the ledger with prices and snapshots.

    >>> [rule.rule for rule in ledger_rules()][:2]
    ['both sides of a swap have about the same value', 'a flow is not larger than its portfolio']
    """
    return (
        Detector(
            rule="both sides of a swap have about the same value",
            find=lambda snapshot: uneven_swaps(snapshot.frame("transactions"), snapshot.frame("market_data")),
            columns=("transactions.from_amount", "transactions.to_amount", "market_data.price"),
            severity="warning",
            notes=(
                "A swap whose two sides differ in value shows a false profit or loss. One side was probably scaled, or "
                "the two were exchanged."
            ),
            needs=("transactions", "market_data"),
        ),
        Detector(
            rule="a flow is not larger than its portfolio",
            find=lambda snapshot: oversized_flows(
                snapshot.frame("transactions"), snapshot.frame("market_data"), snapshot.frame("portfolio_snapshots")
            ),
            columns=("transactions.from_amount", "transactions.to_amount", "portfolio_snapshots.total_value"),
            severity="critical",
            notes="A flow larger than its portfolio makes that day's return wrong. Its amount was probably scaled.",
            needs=("transactions", "market_data", "portfolio_snapshots"),
        ),
        Detector(
            rule="amounts held change only by transactions",
            find=lambda snapshot: unrecorded_changes(
                snapshot.frame("portfolio_snapshots"), snapshot.frame("market_data"), snapshot.frame("transactions")
            ),
            columns=("transactions.timestamp", "portfolio_snapshots.asset_allocation", "market_data.price"),
            severity="critical",
            notes="Flows of the last days are missing and shown as profit or loss, and gas costs are too low.",
            needs=("portfolio_snapshots", "market_data", "transactions"),
        ),
        Detector(
            rule="average_cost is within the range of past prices",
            find=lambda snapshot: impossible_costs(
                snapshot.frame("portfolio_positions"), snapshot.frame("market_data")
            ),
            columns=("portfolio_positions.average_cost", "market_data.price"),
            severity="warning",
            notes="An average cost outside the range of all past prices produces a false gain or loss.",
            needs=("portfolio_positions", "market_data"),
        ),
        Detector(
            rule="portfolio_snapshots.daily_return is the change of total_value",
            find=lambda snapshot: without_flow_days(
                contradicted_change(
                    snapshot.frame("portfolio_snapshots").filter(pl.col("total_value") > 0, _CLOSES),
                    series=("portfolio_id",),
                    time="timestamp",
                    value="total_value",
                    change="daily_return",
                    min_multiple=12,
                ),
                snapshot.frame("transactions"),
            ),
            columns=("portfolio_snapshots.daily_return", "portfolio_snapshots.total_value"),
            severity="warning",
            notes=(
                "The platform's daily return contradicts its own portfolio values. It was probably scaled, or written "
                "to another column."
            ),
            needs=("portfolio_snapshots", "transactions"),
        ),
    )
