"""Confidence intervals, value at risk, concentration, stress and risk contributions as frames.

Frames and metrics in, frames out; opens nothing.
"""

from datetime import date, timedelta

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk.holdings import WALLET
from ys_analytics.desk.lookthrough import Registry, look_through, not_looked_through
from ys_analytics.errors import ContractError
from ys_analytics.metrics import catalog
from ys_analytics.metrics.closes import daily_closes

# The moves tried on today's positions; an asset with a peg keeps it.
MARKET_MOVES = (-0.1, -0.3, -0.5)
ONE_ASSET = -0.3
_TOP = 5

_EXTREMES = frozenset({"best_day", "worst_day"})

_AT_RISK: dict[str, pl.DataType | type[pl.DataType]] = {
    "title": pl.String,
    "base": pl.String,
    "rate": pl.Float64,
    "amount": pl.Float64,
    "n": pl.Int64,
    "reason": pl.String,
}
_CORRELATIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    **dict.fromkeys(("one", "other"), pl.String),
    **dict.fromkeys(("before", "after", "change", "z"), pl.Float64),
    "n": pl.Int64,
    "reason": pl.String,
}
_CONTRIBUTIONS: dict[str, pl.DataType | type[pl.DataType]] = {
    "asset": pl.String,
    "weight": pl.Float64,
    "marginal": pl.Float64,
    "component": pl.Float64,
    "share": pl.Float64,
    "symbol": pl.String,
    "note": pl.String,
}


def intervals(returns: pl.DataFrame, *, risk_free: float) -> pl.DataFrame:
    """Each headline metric with the interval a block bootstrap gives it, but for extremes.

    A redrawn history never has a better day than the best one: an interval of an extreme says nothing.
    """
    estimable = [metric for metric in catalog.HEADLINE if metric.name not in _EXTREMES]
    titles = [(metric.name, metric.title, metric.printed_unit) for metric in estimable]
    titled = pl.DataFrame(titles, schema=("metric", "title", "unit"), orient="row")
    bootstrap = metrics.intervals(returns, risk_free=risk_free)
    return titled.join(bootstrap, on="metric", how="left", maintain_order="left")


def values_at_risk(
    returns: pl.DataFrame, stored: pl.DataFrame, parts: pl.DataFrame, *, net: float | None, portfolio: str
) -> pl.DataFrame:
    """Each value at risk of one day at 95 % on these pages: what it is computed from, as a rate and in USD.

    Args:
        returns: `daily_returns`.
        stored: `risk_metrics` of the portfolio up to the week's end.
        parts: What `contributions` gave.
        net: The last net value in USD; None without one.
        portfolio: Its id.

    Returns:
        title, base String; rate, amount Float64 (of net value; in USD at the last net value, for the platform as it
        stored it), n Int64, reason String where rate is null.
    """
    chosen_metrics = [catalog.METRICS[name] for name in (
        "value_at_risk", "value_at_risk_normal", "value_at_risk_cornish_fisher")]  # fmt: skip
    values = metrics.summarise(returns, chosen_metrics, portfolios=[portfolio])
    titles = ("Historical", "Normal distribution", "Cornish-Fisher")
    rows = [
        {"title": title, "base": "daily returns of the portfolio since inception", "rate": row["value"], "n": row["n"],
         "amount": None if None in (row["value"], net) else row["value"] * net, "reason": row["reason"]}
        for title, row in zip(titles, values.iter_rows(named=True), strict=True)
    ]  # fmt: skip
    component_sum = float(parts["component"].sum()) if parts.height else None
    rows.append(
        {
            "title": "Normal distribution, holdings",
            "base": "daily returns of what is held now, look-through",
            "rate": component_sum,
            "amount": None if component_sum is None or net is None else component_sum * net,
            "n": None,
            "reason": None
            if component_sum is not None
            else "holdings have fewer than four days of prices, or are not known",
        }
    )
    last = stored.drop_nulls("var_95").sort("timestamp").tail(1)
    stored_var = float(last["var_95"][0]) if last.height else None
    has_rate = stored_var is not None and net is not None and net > 0
    rows.append(
        {
            "title": "Platform",
            "base": "as stored; its method is not known",
            "rate": stored_var / net if has_rate else None,  # type: ignore[operator]
            "amount": stored_var,
            "n": None,
            "reason": None if has_rate else "the platform stored none",
        }
    )
    return pl.DataFrame(rows, schema=_AT_RISK)


def var_history(returns: pl.DataFrame, risks: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Each day's return with the platform's value at risk of the day before, at 95 %.

    A return over several days cannot test a one-day figure and is left out.
    """
    stated = (
        daily_closes(risks.select("portfolio_id", "timestamp", "var_95"), "var_95", by=["portfolio_id"])
        .select("portfolio_id", "day", var="var_95")
        .join(values.select("day", "value"), on="day", how="inner", maintain_order="left")
        .filter(pl.col("value") > 0)
        .select(
            "portfolio_id",
            promised=pl.col("day"),
            day=pl.col("day").dt.offset_by("1d"),
            var=pl.col("var").cast(pl.Float64) / pl.col("value").cast(pl.Float64),
        )
    )
    is_one_day = pl.col("ret").is_not_null() & (pl.col("days").fill_null(1) <= 1)
    days = returns.filter(is_one_day).select("portfolio_id", "day", "ret")
    joined = days.join(stated, on=["portfolio_id", "day"], how="inner", maintain_order="left")
    # The platform stores a value at risk of zero before there is anything to measure.
    return joined.filter(pl.col("var") > 0).with_columns(failed=pl.col("ret") < -pl.col("var"))


def concentration(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """How concentrated positions are: by the assets they stand for, by protocol and by chain.

    By asset, each position counts under what it stands for (a pool share by what is in the pool now); protocol and
    chain are where it is held. A debt counts by its size.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for.

    Returns:
        What `metrics.risk.concentration` gives, and note String: what could not be looked through.
    """
    by_place = positions.select(
        "portfolio_id",
        "value",
        "chain",
        protocol=pl.when(pl.col("protocol") != WALLET).then("protocol"),
    )
    exposures = look_through(positions, registry)
    owners = positions.select("portfolio_id").with_row_index("place")
    with_underlying = exposures.join(owners, on="place", how="left", maintain_order="left").select(
        "portfolio_id", "value", asset="name"
    )
    parts = [
        metrics.risk.concentration(with_underlying, along=["asset"]),
        metrics.risk.concentration(by_place, along=["protocol", "chain"]),
    ]
    return (
        pl.concat(parts)
        .sort("portfolio_id", "dimension")
        .with_columns(note=pl.lit(not_looked_through(exposures, registry), pl.String))
    )


def shocks(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """What is left of net value after the whole market, or one asset, falls, looked through.

    Every position follows what it stands for; a share of a pool is revalued along the pool's curve, without
    rebalancing or fees; what is pegged to a currency keeps its price; debts move with their asset. What cannot be
    looked through falls with the market in full, and stands still when one asset falls.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for.

    Returns:
        One row per shock: portfolio_id, before, after, loss Float64 in USD, ret Float64, what String, move Float64,
        note String: what could not be looked through. Empty where nothing held has a price that could fall.
    """
    exposures = look_through(positions, registry)
    unpegged = exposures.filter(~pl.col("pegged"))
    if unpegged.is_empty():
        return pl.DataFrame()
    values = positions.select("portfolio_id", "value", asset="asset_id")
    bases = {asset: registry.coin(asset) for asset in _bases(positions, registry) if not registry.is_pegged(asset)}
    looked_through = unpegged.filter(pl.col("reason").is_null())
    largest = looked_through.group_by("coin", "name", maintain_order=True).agg(size=pl.col("value").sum().abs()).sort(
        "size", "name", descending=[True, False]
    )  # fmt: skip
    scenarios = [("everything without a peg", move, dict.fromkeys(bases, move)) for move in MARKET_MOVES]
    scenarios += [
        (f"{name} alone", ONE_ASSET, {base: ONE_ASSET for base, base_coin in bases.items() if base_coin == coin})
        for coin, name, _ in largest.head(_TOP).iter_rows()
    ]
    after = [
        metrics.risk.shock(values, shocks=moves, through=registry.look_through).with_columns(
            what=pl.lit(description), move=pl.lit(move)
        )
        for description, move, moves in scenarios
    ]
    return (
        pl.concat(after)
        .filter(pl.col("before") != 0)
        .with_columns(note=pl.lit(not_looked_through(exposures, registry), pl.String))
    )


def _bases(positions: pl.DataFrame, registry: Registry) -> list[str]:
    """Ids of all that stands behind what is held."""
    return list(
        {base: None for asset in positions["asset_id"].unique().sort() for base in registry.exposures(asset)[0]}
    )


def contributions(positions: pl.DataFrame, quotes: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Part of each asset in the value at risk of what is held now, looked through, largest first.

    A position counts with the assets it stands for, a share of a pool by what is in the pool now: to the first
    order, its worth moves as these do. Returns are those of the assets behind, from one day to the next; a return
    over several days is none of one day and is left out.

    Args:
        positions: What `holdings.positions` gave.
        quotes: `market_data` of all that stands behind it.
        registry: What assets stand for.

    Returns:
        asset (the coin's key), symbol String, weight, marginal, component, share Float64 as
        `metrics.risk.risk_contributions` gives them, note String: what could not be looked through, and what was
        left out for want of daily returns. Empty without net value, or with fewer than four days on which all have
        a return.
    """
    net = float(positions["value"].sum()) if positions.height else 0.0
    if net <= 0:
        return pl.DataFrame(schema=_CONTRIBUTIONS)
    exposures = look_through(positions, registry)
    weights = exposures.group_by(asset="coin", symbol="name", maintain_order=True).agg(
        weight=pl.col("value").sum() / net
    )
    moves = _coin_returns(positions, quotes, registry)
    priced = weights.join(moves, on="asset", how="semi", maintain_order="left")
    unpriced = weights.join(moves, on="asset", how="anti", maintain_order="left")["symbol"].to_list()
    if priced.is_empty():
        return pl.DataFrame(schema=_CONTRIBUTIONS)
    try:
        parts = metrics.risk.risk_contributions(moves, priced.select("asset", "weight"))
    except ContractError:
        return pl.DataFrame(schema=_CONTRIBUTIONS)
    notes = [
        not_looked_through(exposures, registry),
        f"no return of one day of {', '.join(unpriced)}: left out" if unpriced else None,
    ]
    note = "; ".join(text for text in notes if text) or None
    return (
        parts.join(priced.select("asset", "symbol"), on="asset", how="left")
        .with_columns(note=pl.lit(note, pl.String))
        .sort("component", "symbol", descending=[True, False])
    )


def correlation_changes(
    held: pl.DataFrame, quotes: pl.DataFrame, registry: Registry, *, end: date, days: int = 90, top: int = 10
) -> pl.DataFrame:
    """How the correlation of each pair of coins behind what is held changed: the last days against as many before.

    Coins that keep a peg are left out: their returns are noise around none.

    Args:
        held: What `holdings.positions` gave.
        quotes: `market_data` of all that stands behind it.
        registry: What assets stand for.
        end: The day after the last.
        days: Length of each of the two windows.
        top: Only the pairs that changed most.

    Returns:
        one, other String (symbols), before, after, change Float64, z Float64 (the change in standard errors of
        Fisher's transform), n Int64 (common days of the later window), reason String where a number is null.
    """
    exposures = look_through(held, registry)
    names = dict(exposures.filter(~pl.col("pegged")).select("coin", "name").iter_rows())
    if len(names) < 2:  # noqa: PLR2004 - a pair
        return pl.DataFrame(schema=_CORRELATIONS)
    moves = _coin_returns(held, quotes, registry).filter(pl.col("asset").is_in(list(names)))
    middle, first = end - timedelta(days=days), end - timedelta(days=2 * days)
    day = pl.col("day")
    windows = [
        metrics.risk.correlations(moves.filter((day >= start) & (day < stop)))
        for start, stop in ((first, middle), (middle, end))
    ]
    changed = metrics.risk.correlation_change(*windows)
    for column, window in (("before", windows[0]), ("after", windows[1])):
        reason = window.select("one", "other", pl.col("reason").alias(f"{column}_reason"),
                             pl.col("n").alias(f"{column}_n"))  # fmt: skip
        changed = changed.join(reason, on=["one", "other"], how="left", maintain_order="left")
    no_rows = pl.lit("no day on which both have a return")
    return (
        changed.sort(pl.col("change").abs(), "one", "other", descending=[True, False, False], nulls_last=True)
        .head(top)
        .select(
            pl.col("one", "other").replace(names),
            "before", "after", "change", "z",
            n=pl.col("after_n").fill_null(0),
            reason=pl.when(pl.col("after").is_null()).then(pl.coalesce("after_reason", no_rows))
            .when(pl.col("before").is_null()).then(pl.format("{} before", pl.coalesce("before_reason", no_rows))),
        )
    )  # fmt: skip


def _coin_returns(positions: pl.DataFrame, quotes: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Daily returns of every coin behind what is held: asset (its key), day, ret, days; by the one with most quotes."""
    bases = _bases(positions, registry)
    coins = pl.DataFrame({"asset_id": bases, "asset": [registry.coin(base) for base in bases]})
    coin_quotes = quotes.join(coins, on="asset_id", how="inner", maintain_order="left").drop_nulls("price")
    most_quoted = (
        coin_quotes.group_by("asset", "asset_id", maintain_order=True)
        .len()
        .sort("len", "asset_id", descending=[True, False])
        .unique("asset", keep="first", maintain_order=True)
    )
    price = pl.col("price").cast(pl.Float64)
    return (
        coin_quotes.join(most_quoted.select("asset_id"), on="asset_id", how="semi", maintain_order="left")
        .pipe(daily_closes, "price", by=["asset"])
        .select("asset", "day", price)
        .with_columns(
            ret=(price / price.shift(1) - 1).over("asset"),
            since=(pl.col("day") - pl.col("day").shift(1)).over("asset"),
        )
        .filter(pl.col("since") == pl.duration(days=1))
        # Stated rather than derived from dates: the first return after a gap spans one day too.
        .select("asset", "day", "ret", days=pl.lit(1, pl.Int64))
        .drop_nulls()
    )
