"""Overviews: lists of portfolios, weeks and tables, comparison of portfolios, and the fleet by one metric.

Depends on sources, runs and the desk; opens stores only through a source.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import returns
from ys_analytics.desk.desk import Desk
from ys_analytics.desk.sources import Source
from ys_analytics.errors import UsageError, YsError
from ys_analytics.metrics import catalog as metric_catalog
from ys_analytics.schemas import MONEY, TABLES, TIME, Week, unknown_name
from ys_analytics.schemas.dictionary import rules_in_words

_PORTFOLIOS: dict[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "id": pl.String,
    "value": MONEY,
    "value_at": TIME,
    "risk_profile": pl.String,
    "max_drawdown": pl.Decimal(5, 4),
    "created_at": TIME,
    "is_active": pl.Boolean,
}
_WEEKS: dict[str, pl.DataType | type[pl.DataType]] = {
    "week": pl.String,
    "as_of": TIME,
    "tables": pl.Int64,
    "rows": pl.Int64,
    "folder": pl.String,
    "trouble": pl.String,
}
_CATALOG: dict[str, pl.DataType | type[pl.DataType]] = {
    "table": pl.String,
    "store": pl.String,
    "column": pl.String,
    "type": pl.String,
    "unit": pl.String,
    "meaning": pl.String,
    "rules": pl.String,
}


def portfolios(source: Source) -> pl.DataFrame:
    """Every portfolio with its last value, the largest first: name, id, value in USD, value_at, profile, limits.

    Args:
        source: A run or the live stores.
    """
    declared = source.rows("portfolios")
    last = (
        source.rows("portfolio_snapshots")
        .sort("timestamp")
        .group_by("portfolio_id", maintain_order=True)
        .agg(value=pl.col("total_value").last(), value_at=pl.col("timestamp").last())
    )
    return (
        declared.join(last, left_on="id", right_on="portfolio_id", how="left")
        .with_columns(pl.col("risk_profile").cast(pl.String))
        .sort("value", "name", descending=[True, False], nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in _PORTFOLIOS.items())
    )


def weeks(out: Path) -> pl.DataFrame:
    """The runs in a folder of runs, newest week first: week, as_of, tables, rows, folder, trouble where unreadable.

    Args:
        out: The folder of runs.
    """
    from ys_analytics.frames import Manifest

    rows: list[dict[str, Any]] = []
    for path in sorted(out.glob("*/manifest.json"), reverse=True):
        row: dict[str, Any] = {"week": path.parent.name, "folder": str(path.parent)}
        try:
            manifest = Manifest.read(path)
        except YsError as error:
            rows.append(row | {"trouble": str(error)})
            continue
        rows.append(
            row
            | {
                "week": manifest.week,
                "as_of": manifest.as_of,
                "tables": len(manifest.frames),
                "rows": sum(entry.rows for entry in manifest.frames.values()),
            }
        )
    return pl.DataFrame(rows, schema=_WEEKS)


def catalog(search: str = "") -> pl.DataFrame:
    """Every table, key family and collection with its columns; with a word, the rows that hold it.

    Args:
        search: Looked for in names, units and meanings, in any case.

    Returns:
        table, store, column, type, unit, meaning, rules String: one row a column, and one a table with an empty column.

    >>> catalog("liquidation_distance")["table"].to_list()
    ['risk_metrics']
    >>> catalog("target_return")["rules"].to_list()
    ['at least -1 and at most 5']
    """
    rows: list[tuple[str, ...]] = []
    for table in TABLES.values():
        rows.append((table.name, table.store, "", "", "", _meaning(table), ""))
        rows += [
            (table.name, table.store, column.name, str(table.schema.get(column.name, "")), column.unit or "",
             _meaning(column), rules_in_words(table, column))
            for column in table.columns
        ]  # fmt: skip
    listed = pl.DataFrame(rows, schema=_CATALOG, orient="row")
    if not search:
        return listed
    searched = pl.concat_str(pl.all(), separator=" ").str.to_lowercase()
    return listed.filter(searched.str.contains(search.lower(), literal=True))


def _meaning(declared: Any) -> str:
    return str(getattr(declared, "meaning", None) or getattr(declared, "description", ""))


def compare(desks: Iterable[Desk]) -> pl.DataFrame:
    """Desks side by side: every headline metric of the week and since inception, a column each.

    Args:
        desks: Of one week or several.

    Returns:
        metric, title, unit, window String, then a Float64 for each desk, named by its portfolio (and its week, where
        they differ), and `<name> reason` String where one is null.
    """
    listed = list(desks)
    if not listed:
        raise UsageError("compare: name at least one portfolio")
    several_weeks = len({desk.week for desk in listed}) > 1
    names: list[str] = []
    table: pl.DataFrame | None = None
    for desk in listed:
        name = str(desk.portfolio()["name"][0]) + (f", {desk.week}" if several_weeks else "")
        if name in names:
            name = f"{name} ({desk.id[:8]})"
        names.append(name)
        rows = desk.performance()
        parts = [
            rows.select("metric", "title", "unit", window=pl.lit(window),
                        **{name: pl.col(column), f"{name} reason": pl.col(f"{column}_reason")})
            for window, column in (("the week", "week"), ("since inception", "since"))
        ]  # fmt: skip
        by_window = pl.concat(parts)
        keys = ["metric", "title", "unit", "window"]
        table = by_window if table is None else table.join(by_window, on=keys, how="left", maintain_order="left")
    assert table is not None  # noqa: S101 - there is at least one desk
    return table.select("metric", "title", "unit", "window", *names, *(f"{name} reason" for name in names))


def fleet(source: Source, *, week: Week, by: str, risk_free: float, top: int | None = None) -> pl.DataFrame:
    """Every portfolio by one metric, best first; those without it last, with the reason.

    Args:
        source: A run or the live stores.
        week: ISO week; returns after it are left out.
        by: A metric's name: `ys metrics` lists them; "value" or "week" too.
        risk_free: Simple rate per year, as a fraction.
        top: Only so many rows.

    Returns:
        rank Int64, name, id String, value Decimal in USD, week Float64 (return of the week), the metric Float64, n
        Int64 (returns), reason String where the metric is null.

    Raises:
        UsageError: there is no such metric, or it needs a benchmark.
    """
    span = week.span
    monday, end = week.monday, week.end.date()
    closes = returns.daily_values(source.rows("portfolio_snapshots").filter(pl.col("timestamp") < span.end))
    classified = metrics.classify_flows(source.rows("transactions").filter(pl.col("timestamp") < span.end))
    external = classified.filter(pl.col("flow") == "external")
    flow_assets = pl.concat([external["from_asset_id"], external["to_asset_id"]]).drop_nulls().unique().to_list()
    quotes = source.rows("market_data", where=pl.col("asset_id").is_in(flow_assets))
    daily = metrics.daily_returns(closes, metrics.external_flows(external, quotes)).filter(pl.col("day") < end)
    open_portfolios = source.rows("portfolios").filter((pl.col("created_at") < span.end).fill_null(value=True))
    return_metric = metric_catalog.TOTAL_RETURN
    week_returns = _metric_of(daily, open_portfolios, return_metric, risk_free=risk_free, since=monday)
    last = closes.sort("portfolio_id", "day").group_by("portfolio_id", maintain_order=True).last()
    rows = (
        open_portfolios.select("id", "name")
        .join(last.select(id="portfolio_id", value="value"), on="id", how="left")
        .join(week_returns.select(id="portfolio_id", week="value", week_reason="reason"), on="id", how="left")
    )
    direction = "higher"
    if by not in {"value", "week"}:
        metric = metric_catalog.METRICS.get(by)
        if metric is None:
            raise unknown_name(by, [*metric_catalog.METRICS, "value", "week"], what="metric", listed="`ys metrics`")
        if metric.benchmark:
            raise UsageError(f"fleet by {by!r}: it needs a benchmark; ask `desk.relative()` of one portfolio")
        direction = metric.direction
        metric_values = _metric_of(daily, open_portfolios, metric, risk_free=risk_free, since=None)
        chosen = metric_values.select(id="portfolio_id", **{by: "value", "n": "n", "reason": "reason"})
        rows = rows.join(chosen, on="id", how="left")
    else:
        reason = pl.col("week_reason") if by == "week" else pl.when(pl.col("value").is_null()).then(
            pl.lit("the portfolio has no snapshot yet")
        )  # fmt: skip
        rows = rows.with_columns(reason=reason)
    column = pl.col(by).cast(pl.Float64)
    ranked = rows.with_columns(
        rank=column.rank("min", descending=direction != "lower").cast(pl.Int64)
    ).sort("rank", "name", nulls_last=True)  # fmt: skip
    columns = ["rank", "name", "id", "value", "week", *([by] if by not in {"value", "week"} else [])]
    shown = ranked.select(*columns, *(["n"] if "n" in ranked.columns else []), "reason")
    return shown if top is None else shown.head(top)


def _metric_of(
    daily: pl.DataFrame, open_portfolios: pl.DataFrame, metric: Any, *, risk_free: float, since: Any
) -> pl.DataFrame:
    return metrics.summarise(
        daily, [metric], risk_free=risk_free, since=since, portfolios=open_portfolios["id"].to_list()
    )


def desks(source: Source, names: Iterable[str], *, week: Week, settings: Any) -> list[Desk]:
    """A desk for each portfolio named, over one source."""
    return [Desk(source=source, portfolio_id=name, week=week, settings=settings) for name in names]
