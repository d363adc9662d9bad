"""Positions of a built portfolio, and the prices of the US dollars it holds.

Depends on balances and prices; writes nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from decimal import Decimal, localcontext
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics.ingest.building.balances import Balances, DayBalances
from ys_analytics.ingest.building.inputs import Inputs, close_of
from ys_analytics.ingest.building.rounding import AMOUNT_STEP, DIGITS, WEIGHT_STEP, exact_value
from ys_analytics.schemas import TABLES

# The source of quotes that say one dollar is worth one dollar.
DEFINITION = "definition"
_LARGEST_SHARE = Decimal("9.9999")


def position_rows(inputs: Inputs, balances: Balances, last: DayBalances) -> pl.DataFrame:
    """Rows of `portfolio_positions`: what is held or owed at the end of the last day."""
    close = close_of(last.day)
    prices = {holding: inputs.price(holding[0], close) for holding in last.amounts}
    values = {holding: exact_value(amount, prices[holding] or Decimal(0)) for holding, amount in last.amounts.items()}
    total = sum(values.values(), Decimal(0))
    rows = []
    for holding, amount in sorted(last.amounts.items()):
        asset, position = holding
        units, cost = balances.acquired.get(holding, (Decimal(0), Decimal(0)))
        with localcontext(prec=DIGITS):
            average_cost = (cost / units).quantize(AMOUNT_STEP) if units else Decimal(0)
            share = (values[holding] / total).quantize(WEIGHT_STEP) if total else Decimal(0)
        rows.append(
            {
                "id": str(uuid5(NAMESPACE_URL, f"ys-analytics/position/{inputs.id}/{asset}/{position}")),
                "portfolio_id": inputs.id,
                "asset_id": asset,
                "quantity": abs(amount),
                "average_cost": average_cost,
                "current_value": values[holding],
                "allocation_percentage": max(min(share, _LARGEST_SHARE), -_LARGEST_SHARE),
                "position_type": position,
                "protocol_address": None,
                "chain_id": inputs.chains.get(asset),
                "last_updated": close,
            }
        )
    return pl.DataFrame(rows, schema=TABLES["portfolio_positions"].schema)


def dollar_quotes(inputs: Inputs, days: Sequence[DayBalances]) -> pl.DataFrame:
    """Rows of `market_data` for US dollars held: one dollar is worth one, from the start of each day."""
    held = {asset for day in days for asset, _ in day.amounts} & inputs.dollars
    moved = {*inputs.transactions["from_asset_id"], *inputs.transactions["to_asset_id"]} & inputs.dollars
    moments = [datetime.combine(day.day, time(0, tzinfo=UTC)) for day in days]
    rows = [
        {
            "timestamp": moment, "asset_id": asset, "chain_id": 0, "price": Decimal(1), "volume_24h": Decimal(0),
            "market_cap": Decimal(0), "price_change_24h": Decimal(0), "source": DEFINITION,
        }
        for asset in sorted({*held, *moved})
        for moment in moments
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=TABLES["market_data"].schema)
