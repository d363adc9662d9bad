"""The bridge: a week's change of value as a sum of terms, and whether they explain it.

Frames and metrics in, frames out; opens nothing. The change is the platform's: its snapshots. The terms are
ours: quantities from transactions, prices from the market. What is left between the two is the residual.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import ledger, rebasing
from ys_analytics.desk.lookthrough import Registry
from ys_analytics.metrics.lookthrough import Claim, pool_split
from ys_analytics.schemas import MONEY, TIME, Finding, Span

# An older quote is no price, as for flows.
_MAX_QUOTE_AGE = timedelta(days=1)

# A cent, and a ten-thousandth of what it is worth: the platform may have valued a holding a moment earlier or later.
_CENT, _BASIS_POINT = Decimal("0.01"), Decimal("0.0001")

TITLES = {
    "price": "Prices and trades",
    "yield": "Yield",
    "rewards": "Rewards",
    "lp_fees": "LP fees",
    "impermanent_loss": "Impermanent loss",
    "gas": "Gas",
    "flows": "External flows",
}
# Of shares in a pool whose curve is not known.
MERGED = "Pool share: price, fees and impermanent loss together"
_BRIDGE: dict[str, pl.DataType | type[pl.DataType]] = {
    "term": pl.String,
    "title": pl.String,
    "amount": MONEY,
    "reason": pl.String,
    "note": pl.String,
    "tolerance": MONEY,
    "traded": MONEY,
    "holds": pl.Boolean,
    "start": TIME,
    "end": TIME,
}


def attributed(
    legs: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """The contribution of each holding and movement to the change of value between two moments, in USD.

    A holding counts from `start`, a movement from its own moment, both at the last quote before and up to `end`.
    The move of a share in a pool is split along the pool's curve: what holding the assets that were in it would have
    made (price), the impermanent loss against that, and what is left: fees. Where the curve is not known, nothing
    is split: the move is one amount, and `merged`.

    Args:
        legs: What `ledger.legs` gave.
        quotes: asset_id, timestamp, price of every asset that moved, and of what shares in pools stand for.
        assets: `assets`; `metadata` says what a share in a pool stands for, and the pool's kind.
        start: Of the period; movements at it have happened.
        end: Of the period, inclusive.

    Returns:
        One row a holding or movement: asset_id, position, protocol, cause, and price, yield, rewards, lp_fees,
        impermanent_loss (positive: lost), gas (positive: paid), flows, pool (the merged move of a share whose pool
        is not known), traded (what trades brought at last quotes: their cost, mostly), opening, all
        Decimal(38, 18); unpriced Boolean: where a price, or one of what a share stands for, is missing, and they
        are null; merged Boolean: lp_fees and impermanent_loss are null and their sum with the price is `pool`.
    """
    opening = ledger.held(legs, at=start).with_columns(
        timestamp=pl.lit(start, TIME), cause=pl.lit("held"), protocol=pl.lit(None, pl.String),
        paid=pl.lit(None, MONEY),
    )  # fmt: skip
    within = legs.filter((pl.col("timestamp") > start) & (pl.col("timestamp") <= end))
    return valued(pl.concat([opening.select(within.columns), within]), quotes, assets, end=end)


def valued(
    pieces: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, end: datetime, keep: Sequence[str] = ()
) -> pl.DataFrame:
    """Value each holding or movement at `end` and split its gain into the terms of the bridge.

    Args:
        pieces: What `ledger.legs` gives; a holding of the opening has cause `held` and the moment of the opening.
        quotes: As for `attributed`.
        assets: `assets`.
        end: Of the period, inclusive.
        keep: More columns of `pieces` to hand on.

    Returns:
        What `attributed` gives, and the columns of `keep`.
    """
    pieces = with_price_at(pieces, quotes, "asset_id", at=pl.col("timestamp"), name="before")
    pieces = with_price_at(pieces, quotes, "asset_id", at=pl.lit(end, TIME), name="after")
    value, now = pl.col("change") * pl.col("before"), pl.col("change") * pl.col("after")
    pieces = pieces.with_columns(
        value=pl.when(pl.col("cause") == "gas").then(-pl.col("paid")).otherwise(value).cast(MONEY), now=now.cast(MONEY)
    )
    return _terms(_split_pool_moves(pieces, quotes, Registry(assets), end=end), keep)


def with_price_at(rows: pl.DataFrame, quotes: pl.DataFrame, asset: str, *, at: pl.Expr, name: str) -> pl.DataFrame:
    """The rows with the last price of `asset` at a moment of each."""
    priced = pl.col("price").cast(MONEY).alias(name)
    named_quotes = quotes.select(pl.col("asset_id").alias(asset), pl.col("timestamp").alias("quoted"), priced)
    return (
        rows.with_row_index("row:")
        .with_columns(moment=at)
        .sort("moment")
        .join_asof(
            named_quotes.drop_nulls().sort("quoted"),
            left_on="moment",
            right_on="quoted",
            by=asset,
            tolerance=_MAX_QUOTE_AGE,
            check_sortedness=False,
        )
        .sort("row:")
        .drop("row:", "moment", "quoted", strict=False)
    )


def _split_pool_moves(pieces: pl.DataFrame, quotes: pl.DataFrame, registry: Registry, *, end: datetime) -> pl.DataFrame:
    """The pieces with lp_fees, impermanent_loss and merged: the first two are nothing but for shares in pools."""
    parts, held_ids = [], set(pieces["asset_id"].drop_nulls())
    for (asset,), group in pieces.group_by("asset_id", maintain_order=True):
        claim = registry.claims.get(str(asset))
        if claim is not None and claim.pool is not None:
            parts.append(_split_pool_gain(group, quotes, registry, claim, end=end, held_ids=held_ids))
            continue
        merged = registry.is_pool_share(str(asset)) and str(asset) in registry.opaque
        no_split = pl.lit(None if merged else 0, MONEY)
        parts.append(group.with_columns(lp_fees=no_split, impermanent_loss=no_split, merged=pl.lit(merged)))
    if not parts:
        return pieces.with_columns(
            lp_fees=pl.lit(None, MONEY), impermanent_loss=pl.lit(None, MONEY), merged=pl.lit(None, pl.Boolean)
        )
    return pl.concat(part.select(parts[0].columns) for part in parts)


def _split_pool_gain(
    shares: pl.DataFrame, quotes: pl.DataFrame, registry: Registry, claim: Claim, *, end: datetime, held_ids: set[str]
) -> pl.DataFrame:
    """Fees and impermanent loss of the shares of one pool; null where a price of what is in it is missing.

    A price that nothing held needs is no reason to refuse the whole: then the shares' terms are merged.
    """
    quoted_ids = set(quotes["asset_id"].unique())
    legs = [registry.priced_by(leg, quoted_ids) for leg in claim.legs]
    edges = (pl.col("timestamp"), pl.lit(end, TIME))
    asked = pl.concat(
        shares.select("timestamp").with_columns(leg=pl.lit(leg), at=edge) for edge in edges for leg, _ in legs
    )
    prices = with_price_at(asked, quotes, "leg", at=pl.col("at"), name="price")["price"].to_list()
    columns = [prices[start : start + shares.height] for start in range(0, len(prices), shares.height)]
    before, after = columns[: len(legs)], columns[len(legs) :]
    ratios = [ratio for _, ratio in legs]
    split = [
        _factors(claim, prices_before, prices_after, ratios)
        for prices_before, prices_after in zip(zip(*before, strict=True), zip(*after, strict=True), strict=True)
    ]
    factors = pl.DataFrame(split, schema={"holding": pl.Float64, "pool": pl.Float64}, orient="row")
    growth = pl.col("after").cast(pl.Float64) / pl.col("before").cast(pl.Float64)
    value = pl.col("value").cast(pl.Float64)
    return (
        pl.concat([shares, factors], how="horizontal")
        .with_columns(
            impermanent_loss=(value * (pl.col("holding") - pl.col("pool"))).cast(MONEY),
            lp_fees=(value * (growth - pl.col("pool"))).cast(MONEY),
            merged=pl.col("pool").is_null() & pl.lit(held_ids.isdisjoint(leg for leg, _ in legs)),
        )
        .drop("holding", "pool")
    )


def _factors(
    claim: Claim, before: tuple[Decimal | None, ...], after: tuple[Decimal | None, ...], ratios: list[float]
) -> tuple[float | None, float | None]:
    """Growth factors of holding the assets and of the pool between two sets of prices; None without all prices."""
    prices_before = [float(price or 0) * ratio for price, ratio in zip(before, ratios, strict=True)]
    prices_after = [float(price or 0) * ratio for price, ratio in zip(after, ratios, strict=True)]
    return pool_split(claim, prices_before, prices_after) if min(*prices_before, *prices_after) > 0 else (None, None)


def _terms(pieces: pl.DataFrame, keep: Sequence[str] = ()) -> pl.DataFrame:
    """Value and gain of each piece under the terms they belong to."""
    gain, zero = pl.col("now") - pl.col("value"), pl.lit(0, MONEY)

    def caused_by(causes: tuple[str, ...], amount: pl.Expr) -> pl.Expr:
        return pl.when(pl.col("cause").is_in(causes)).then(amount).otherwise(zero)

    value, merged = pl.col("value"), pl.col("merged")
    unpriced = pl.any_horizontal(pl.col("before", "after").is_null()) | (pl.col("lp_fees").is_null() & ~merged)
    price_move = pl.when(merged).then(zero).otherwise(gain - pl.col("lp_fees") + pl.col("impermanent_loss"))
    return pieces.with_columns(unpriced=unpriced).select(
        "asset_id",
        "position",
        "protocol",
        "cause",
        "lp_fees",
        "impermanent_loss",
        "unpriced",
        "merged",
        price=price_move + caused_by(("trade",), value),
        pool=pl.when(merged).then(gain).otherwise(zero),
        **{"yield": caused_by(("yield", "rebase"), value)},
        rewards=caused_by(("rewards",), value),
        gas=caused_by(("gas",), pl.col("paid")),
        flows=caused_by(("flow",), value),
        traded=caused_by(("trade",), value),
        opening=caused_by(("held",), value),
        **{name: pl.col(name) for name in keep},
    )


def tolerance(*values: Decimal) -> Decimal:
    """The largest difference at which two values in USD agree: a cent and a basis point of the largest.

    >>> tolerance(Decimal(10_000), Decimal(-20_000))
    Decimal('2.0100')
    """
    return _CENT + _BASIS_POINT * max(abs(value) for value in values)


def bridge(
    legs: pl.DataFrame, snapshots: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame, *, span: Span
) -> pl.DataFrame:
    """The week's opening value, each term, its closing value and the residual.

    Args:
        legs: What `ledger.legs` gave.
        snapshots: `portfolio_snapshots` of one portfolio.
        quotes: As for `attributed`.
        assets: `assets`.
        span: The week; it opens at the last snapshot before it, or with nothing where there never was one.

    Returns:
        term, title String, amount Decimal in USD (what takes away is negative; null with a reason), note String
        (what else must be said of a term: balances that grew by themselves, pools that could not be split); and on
        each row tolerance and traded Decimal (the part of prices that trades cost or brought), holds Boolean, start
        and end Datetime. The term `pool` is there only where a pool's kind is not known.
    """
    legs = rebasing.with_growth(legs, snapshots, quotes, assets)
    edges = _edges(snapshots, legs, span)
    if isinstance(edges, str):
        return _as_rows(None, edges)
    start, before, end, after = edges
    pieces = attributed(legs, quotes, assets, start=start, end=end)
    allowed = tolerance(before, after)
    if reason := _why_not_stated(pieces, assets, before, allowed):
        return _as_rows(edges, reason, allowed)
    sums = pieces.select(pl.col(*TITLES, "pool", "traded").sum()).with_columns(
        value_before=pl.lit(before, MONEY), value_after=pl.lit(after, MONEY)
    )
    identity = metrics.pnl.identity(sums, tolerance=allowed).row(0, named=True)
    unexplained = None if identity["holds"] else identity["residual"]
    return _as_rows(edges, identity["reason"], allowed, identity, _notes(pieces, Registry(assets), unexplained))


def _notes(pieces: pl.DataFrame, registry: Registry, residual: Decimal | None) -> dict[str, str]:
    """Notes by term: pools not split, growth of balances, and what may explain the residual."""
    notes = {}
    held = pieces["asset_id"].drop_nulls().unique().sort()
    if (residual or 0) > 0 and (
        candidates := [held_asset for held_asset in held if rebasing.might_rebase(held_asset, registry)]
    ):
        names = ", ".join(registry.symbol(held_asset) for held_asset in candidates)
        notes["residual"] = f"balances of {names} may grow by themselves: state `rebasing` in their metadata"
    if (residual or 0) < 0 and (
        candidates := [held_asset for held_asset in held if rebasing.max_growth_rate(held_asset, registry) is not None]
    ):
        names = ", ".join(registry.symbol(held_asset) for held_asset in candidates)
        notes["residual"] = f"balances of {names} may have been cut: record that as a claim that gives and gets nothing"
    rebases = pieces.filter(pl.col("cause") == "rebase")
    if rebases.height:
        names = ", ".join(registry.symbol(asset) for asset in rebases["asset_id"].unique().sort())
        amount = rebases["yield"].sum()
        notes["yield"] = f"{amount:,.2f} USD of it is growth of balances of {names}, which has no transaction"
    merged = pieces.filter("merged")["asset_id"].unique().sort()
    if merged.len():
        unpriced = "what is in it has no price"
        notes["pool"] = "; ".join(
            f"{registry.symbol(asset)}: {registry.opaque.get(asset, unpriced)}" for asset in merged
        )
    return notes


_Edges = tuple[datetime, Decimal, datetime, Decimal]


def _edges(snapshots: pl.DataFrame, legs: pl.DataFrame, span: Span) -> _Edges | str:
    """The snapshots between which the week lies, or why there is none."""
    ordered = snapshots.sort("timestamp").select("timestamp", "total_value")
    opened = ordered.filter(pl.col("timestamp") < span.start).tail(1).rows()
    closed = ordered.filter(span.contains("timestamp")).tail(1).rows()
    if not closed:
        return "the week has no snapshot"
    if opened:
        return (*opened[0], *closed[0])
    if legs.filter(pl.col("timestamp") < span.start).height:
        return "the portfolio had transactions before its first snapshot"
    return (span.start - timedelta(microseconds=1), Decimal(0), *closed[0])


def _why_not_stated(pieces: pl.DataFrame, assets: pl.DataFrame, before: Decimal, tolerance: Decimal) -> str:
    """Why the terms cannot be stated; empty where they can."""
    unpriced = pieces.filter("unpriced")["asset_id"].unique().to_list()
    if unpriced:
        symbols = assets.filter(pl.col("id").is_in(unpriced))["symbol"].unique().sort().to_list()
        return f"no price within 24 hours of {', '.join(symbols) or 'an asset'}"
    if pieces["gas"].null_count():
        return "gas was paid and its cost in USD is not known"
    accounted: Any = pieces["opening"].sum() or Decimal(0)
    if abs(accounted - before) > tolerance:
        return f"its transactions account for {accounted:,.2f} of the {before:,.2f} USD the week opened with"
    return ""


def _as_rows(
    edges: _Edges | None,
    reason: str | None,
    tolerance: Decimal | None = None,
    identity: dict[str, Any] | None = None,
    notes: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """The bridge as rows in reading order: opening value, terms, closing value, residual."""
    start, before, end, after = edges or (None, None, None, None)
    stated_notes = notes or {}
    term_titles = {
        term: title
        for name, title in TITLES.items()
        for term, title in _with_merged(name, title, "pool" in stated_notes)
    }
    # Losses and costs are negative in the bridge.
    signs = {name: -1 if name in metrics.pnl.SUBTRACTED_TERMS else 1 for name in term_titles}
    terms = {name: None if identity is None else identity[name] * sign for name, sign in signs.items()}
    amounts = {"before": before, **terms, "after": after, "residual": identity and identity["residual"]}
    titles = {"before": "Opening value", **term_titles, "after": "Closing value", "residual": "Residual"}
    rows = [
        {
            "term": name,
            "title": titles[name],
            "amount": amount,
            "reason": reason,
            "note": stated_notes.get(name),
            "tolerance": tolerance,
            "traded": identity and identity["traded"],
            "holds": identity and identity["holds"],
            "start": start,
            "end": end,
        }
        for name, amount in amounts.items()
    ]
    return pl.DataFrame(rows, schema=_BRIDGE)


def _with_merged(name: str, title: str, merged: bool) -> tuple[tuple[str, str], ...]:  # noqa: FBT001 - one flag of a row
    """A term, and after the last one of pools the one they merge into, where there is such."""
    return ((name, title), ("pool", MERGED)) if merged and name == "impermanent_loss" else ((name, title),)


def finding(bridge_rows: pl.DataFrame, portfolio_id: str) -> Finding:
    """The finding of the bridge: a residual beyond tolerance is critical and stops a report.

    A bridge that could not be stated is a warning, or of severity info where the week has no value at all.

    Args:
        bridge_rows: What `bridge` gave.
        portfolio_id: Id of the portfolio.
    """
    row = bridge_rows.row(by_predicate=pl.col("term") == "residual", named=True)
    holds = row["holds"]
    observed = ""
    if holds is not None:
        # Rounded first: a last decimal below nothing is no -0.00.
        residual = f"residual {round(row['amount'], 2) + 0:,.2f} USD, tolerance {row['tolerance']:,.2f} USD"
        observed = f"{residual}; {row['note']}" if row["note"] else residual
    return Finding(
        suite="pnl_identity",
        rule="terms_explain_change(total_value)",
        column="total_value",
        severity="critical" if holds is not None else "warning" if row["start"] is not None else "info",
        outcome="error" if holds is None else "passed" if holds else "failed",
        notes="Gains are credited to nobody: prices, yield, rewards, fees, losses, gas and flows must add up to the"
        " change in value.",
        observed=observed or str(row["reason"]),
        rows=0 if holds else 1 if holds is False else -1,
        sample=[] if holds is not False else [{"portfolio_id": portfolio_id, "said": observed}],
    )
