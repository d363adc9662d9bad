"""From a week's opening value to its closing one, term by term, and whether the terms explain the change.

Frames and metrics in, frames out; opens nothing. The change is the platform's: its snapshots. The terms are
ours: quantities from transactions, prices from the market. What is left between the two is the residual.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import ledger
from ys_analytics.schemas import MONEY, TIME, Finding, Span

# An older quote is no price, as for flows.
_FRESH = timedelta(days=1)

# A cent, and a ten-thousandth of what it is worth: the platform may have valued a holding a moment earlier or later.
_CENT, _BASIS_POINT = Decimal("0.01"), Decimal("0.0001")
_PAIR = 2

TITLES = {
    "price": "Prices and trades",
    "yield": "Yield",
    "rewards": "Rewards",
    "lp_fees": "LP fees",
    "impermanent_loss": "Impermanent loss",
    "gas": "Gas",
    "flows": "External flows",
}
_BRIDGE: dict[str, pl.DataType | type[pl.DataType]] = {
    "term": pl.String,
    "title": pl.String,
    "amount": MONEY,
    "reason": pl.String,
    "tolerance": MONEY,
    "traded": MONEY,
    "holds": pl.Boolean,
    "start": TIME,
    "end": TIME,
}


def attributed(
    moved: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """What each holding and each movement added to value between two moments, in USD.

    A holding counts from `start`, a movement from its own moment, both at the last quote before and up to `end`.
    The move of a share in a pool of two assets is split into what half of each would have made (price), the
    impermanent loss against that, and what is left: fees.

    Args:
        moved: What `ledger.legs` gave.
        quotes: asset_id, timestamp, price of every asset that moved, and of what shares in pools stand for.
        assets: `assets`; `metadata.underlying` names what a share in a pool stands for, by symbol.
        start: Of the period; movements at it have happened.
        end: Of the period, inclusive.

    Returns:
        One row a holding or movement: asset_id, position, protocol, cause, and price, yield, rewards, lp_fees,
        impermanent_loss (positive: lost), gas (positive: paid), flows, traded (what trades brought at last quotes:
        their cost, mostly), opening, all Decimal(38, 18); unpriced Boolean: where a price, or one of what a share
        stands for, is missing, and they are null.
    """
    opening = ledger.held(moved, at=start).with_columns(
        timestamp=pl.lit(start, TIME), cause=pl.lit("held"), protocol=pl.lit(None, pl.String),
        paid=pl.lit(None, MONEY),
    )  # fmt: skip
    within = moved.filter((pl.col("timestamp") > start) & (pl.col("timestamp") <= end))
    lots = pl.concat([opening.select(within.columns), within])
    lots = _quoted(lots, quotes, "asset_id", at=pl.col("timestamp"), called="before")
    lots = _quoted(lots, quotes, "asset_id", at=pl.lit(end, TIME), called="after")
    value, now = pl.col("change") * pl.col("before"), pl.col("change") * pl.col("after")
    lots = lots.with_columns(
        value=pl.when(pl.col("cause") == "gas").then(-pl.col("paid")).otherwise(value).cast(MONEY), now=now.cast(MONEY)
    )
    return _terms(_split(lots, quotes, assets, end=end))


def _quoted(rows: pl.DataFrame, quotes: pl.DataFrame, asset: str, *, at: pl.Expr, called: str) -> pl.DataFrame:
    """The rows with the last price of `asset` at a moment of each."""
    priced = pl.col("price").cast(MONEY).alias(called)
    known = quotes.select(pl.col("asset_id").alias(asset), pl.col("timestamp").alias("quoted"), priced)
    return (
        rows.with_row_index("place")
        .with_columns(moment=at)
        .sort("moment")
        .join_asof(
            known.drop_nulls().sort("quoted"), left_on="moment", right_on="quoted", by=asset, tolerance=_FRESH,
            check_sortedness=False,
        )
        .sort("place")
        .drop("place", "moment", "quoted", strict=False)
    )  # fmt: skip


def _split(lots: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, end: datetime) -> pl.DataFrame:
    """The lots with lp_fees and impermanent_loss: nothing but for shares in pools of two assets."""
    ids = assets.sort("chain_id", "id", nulls_last=True).unique("symbol", keep="first", maintain_order=True)
    named = dict(ids.select("symbol", "id").iter_rows())
    stands_for = {
        f"leg_{place}": pl.col("metadata")
        .str.json_path_match(f"$.underlying[{place}]")
        .replace_strict(named, default=None, return_dtype=pl.String)
        for place in range(_PAIR + 1)
    }
    # A third one would be another kind of pool.
    pairs = assets.select(asset_id="id", **stands_for).filter(
        pl.col("leg_0").is_not_null(), pl.col("leg_1").is_not_null(), pl.col("leg_2").is_null()
    )
    alone = lots.join(pairs, on="asset_id", how="anti", maintain_order="left").with_columns(
        lp_fees=pl.lit(0, MONEY), impermanent_loss=pl.lit(0, MONEY)
    )
    shares = lots.join(pairs, on="asset_id", how="inner", maintain_order="left")
    for leg in ("leg_0", "leg_1"):
        shares = _quoted(shares, quotes, leg, at=pl.col("timestamp"), called=f"{leg}_before")
        shares = _quoted(shares, quotes, leg, at=pl.lit(end, TIME), called=f"{leg}_after")
    first, second = (
        pl.col(f"{leg}_after").cast(pl.Float64) / pl.col(f"{leg}_before").cast(pl.Float64) for leg in ("leg_0", "leg_1")
    )
    kept = (first + second) / 2
    lost = -kept * metrics.yields.impermanent_loss(first / second)
    grown = pl.col("after").cast(pl.Float64) / pl.col("before").cast(pl.Float64)
    value = pl.col("value").cast(pl.Float64)
    split = shares.with_columns(
        impermanent_loss=(value * lost).cast(MONEY), lp_fees=(value * (grown - kept + lost)).cast(MONEY)
    )
    return pl.concat([alone, split.select(alone.columns)])


def _terms(lots: pl.DataFrame) -> pl.DataFrame:
    """Each lot's value and gain under the terms they belong to."""
    gain, none = pl.col("now") - pl.col("value"), pl.lit(0, MONEY)

    def when(cause: str, amount: pl.Expr) -> pl.Expr:
        return pl.when(pl.col("cause") == cause).then(amount).otherwise(none)

    value = pl.col("value")
    return lots.with_columns(unpriced=pl.any_horizontal(pl.col("before", "after", "lp_fees").is_null())).select(
        "asset_id",
        "position",
        "protocol",
        "cause",
        "lp_fees",
        "impermanent_loss",
        "unpriced",
        price=gain - pl.col("lp_fees") + pl.col("impermanent_loss") + when("trade", value),
        **{"yield": when("yield", value)},
        rewards=when("rewards", value),
        gas=when("gas", pl.col("paid")),
        flows=when("flow", value),
        traded=when("trade", value),
        opening=when("held", value),
    )


def bridge(
    moved: pl.DataFrame, snapshots: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, span: Span
) -> pl.DataFrame:
    """The week's opening value, each term, its closing value and the residual.

    Args:
        moved: What `ledger.legs` gave.
        snapshots: `portfolio_snapshots` of one portfolio.
        quotes: As for `attributed`.
        assets: `assets`.
        span: The week; it opens at the last snapshot before it, or with nothing where there never was one.

    Returns:
        term, title String, amount Decimal in USD (what takes away is negative; null with a reason); and on each
        row tolerance and traded Decimal (the part of prices that trades cost or brought), holds Boolean, start
        and end Datetime.
    """
    edges = _edges(snapshots, moved, span)
    if isinstance(edges, str):
        return _listed(None, edges)
    start, before, end, after = edges
    lots = attributed(moved, quotes, assets, start=start, end=end)
    tolerance = _CENT + _BASIS_POINT * max(abs(before), abs(after))
    if reason := _thin(lots, assets, before, tolerance):
        return _listed(edges, reason, tolerance)
    sums = lots.select(pl.col(*TITLES, "traded").sum()).with_columns(
        value_before=pl.lit(before, MONEY), value_after=pl.lit(after, MONEY)
    )
    proved = metrics.pnl.identity(sums, tolerance=tolerance).row(0, named=True)
    return _listed(edges, proved["reason"], tolerance, proved)


_Edges = tuple[datetime, Decimal, datetime, Decimal]


def _edges(snapshots: pl.DataFrame, moved: pl.DataFrame, span: Span) -> _Edges | str:
    """The snapshots between which the week lies, or why there is none."""
    ordered = snapshots.sort("timestamp").select("timestamp", "total_value")
    opened = ordered.filter(pl.col("timestamp") < span.start).tail(1).rows()
    closed = ordered.filter(pl.col("timestamp").is_between(span.start, span.end, closed="left")).tail(1).rows()
    if not closed:
        return "the week has no snapshot"
    if opened:
        return (*opened[0], *closed[0])
    if moved.filter(pl.col("timestamp") < span.start).height:
        return "the portfolio had transactions before its first snapshot"
    return (span.start - timedelta(microseconds=1), Decimal(0), *closed[0])


def _thin(lots: pl.DataFrame, assets: pl.DataFrame, before: Decimal, tolerance: Decimal) -> str:
    """Why the terms cannot be stated; empty where they can."""
    unpriced = lots.filter("unpriced")["asset_id"].unique().to_list()
    if unpriced:
        known = assets.filter(pl.col("id").is_in(unpriced))["symbol"].unique().sort().to_list()
        return f"no price within 24 hours of {', '.join(known) or 'an asset'}"
    if lots["gas"].null_count():
        return "gas was paid in a token that has no price that day"
    found: Any = lots["opening"].sum() or Decimal(0)
    if abs(found - before) > tolerance:
        return f"its transactions account for {found:,.2f} of the {before:,.2f} USD the week opened with"
    return ""


def _listed(
    edges: _Edges | None, reason: str | None, tolerance: Decimal | None = None, proved: dict[str, Any] | None = None
) -> pl.DataFrame:
    """The bridge as it is read, top to bottom."""
    start, before, end, after = edges or (None, None, None, None)
    # Spoken as it acts: what was lost or paid is negative.
    acts = {name: -1 if name in metrics.pnl.DRAINS else 1 for name in TITLES}
    terms = {name: None if proved is None else proved[name] * sign for name, sign in acts.items()}
    amounts = {"before": before, **terms, "after": after, "residual": proved and proved["residual"]}
    titles = {"before": "Opening value", **TITLES, "after": "Closing value", "residual": "Residual"}
    rows = [
        {
            "term": name, "title": titles[name], "amount": amount, "reason": reason, "tolerance": tolerance,
            "traded": proved and proved["traded"], "holds": proved and proved["holds"], "start": start, "end": end,
        }
        for name, amount in amounts.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_BRIDGE)


def finding(bridged: pl.DataFrame, portfolio_id: str) -> Finding:
    """What the bridge says of the data: a residual beyond tolerance stops a report, as a broken promise does.

    A bridge that could not be stated is a finding too: a warning, or mere news where the week has no value at all.

    Args:
        bridged: What `bridge` gave.
        portfolio_id: Whose.
    """
    row = bridged.row(by_predicate=pl.col("term") == "residual", named=True)
    held = row["holds"]
    seen = f"residual {row['amount']:,.2f} USD, tolerance {row['tolerance']:,.2f} USD" if held is not None else ""
    return Finding(
        suite="pnl_identity",
        rule="terms_explain_change(total_value)",
        column="total_value",
        severity="critical" if held is not None else "warning" if row["start"] is not None else "info",
        outcome="error" if held is None else "passed" if held else "failed",
        notes="Gains are credited to nobody: prices, yield, rewards, fees, losses, gas and flows must add up to the"
        " change in value.",
        observed=seen or str(row["reason"]),
        rows=0 if held else 1 if held is False else -1,
        sample=[] if held is not False else [{"portfolio_id": portfolio_id, "said": seen}],
    )
