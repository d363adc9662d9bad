"""Validation of frames of returns: which columns there are, of what kind, in what order, over how many days.

Does not know a metric, or read a store, clock or setting. What is no frame of returns is refused here, in one line,
and not by Polars somewhere inside.
"""

import polars as pl

from ys_analytics.errors import ContractError, UsageError
from ys_analytics.metrics.spans import days_by_dates
from ys_analytics.metrics.zones import refuse_foreign_days

_NUMBERS = {"ret": pl.Float64, "benchmark": pl.Float64, "days": pl.Int64}


def histories(returns: pl.DataFrame | pl.LazyFrame, *, by: str) -> pl.LazyFrame:
    """Return the frame with its days as Date and its returns, of any numeric type, as Float64.

    Args:
        returns: Columns `by`, day Date or Datetime, ret and perhaps benchmark and days of a numeric type; others are
            kept.
        by: The column that tells the portfolios apart.

    Raises:
        ContractError: a column is missing, or is not of that kind.
        UsageError: it is no frame.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": [date(2025, 1, 1)], "ret": [1]})
    >>> histories(frame, by="portfolio_id").collect_schema()["ret"]
    Float64
    """
    if not isinstance(returns, pl.DataFrame | pl.LazyFrame):
        raise UsageError(f"returns: a frame with {by}, day and ret is needed, not a {type(returns).__name__}")
    plain = returns.lazy()
    schema = plain.collect_schema()
    refuse_foreign_days(schema, of="returns")
    missing = [name for name in (by, "day", "ret") if name not in schema]
    if missing:
        raise ContractError(f"returns: no column {', '.join(missing)}; give {by}, day and ret")
    numbers = [name for name in _NUMBERS if name in schema]
    foreign = [name for name in numbers if not (schema[name].is_numeric() or schema[name] == pl.Null)]
    if not (schema["day"] in {pl.Date, pl.Null} or isinstance(schema["day"], pl.Datetime)):
        foreign.append("day")
    if foreign:
        kinds = ", ".join(f"{name} is {schema[name]}" for name in foreign)
        raise ContractError(f"returns: {kinds}; a day is a Date and a return a number")
    casts: dict[str, type[pl.DataType]] = {name: _NUMBERS[name] for name in numbers if schema[name] != _NUMBERS[name]}
    if schema["day"] != pl.Date:
        casts["day"] = pl.Date
    return plain.with_columns(**{name: pl.col(name).cast(kind) for name, kind in casts.items()}) if casts else plain


def with_days(rows: pl.LazyFrame, *, by: str) -> pl.LazyFrame:
    """Return rows in order, each with the days its return spans: as the frame says, or else by its dates.

    >>> from datetime import date
    >>> frame = pl.LazyFrame({"p": "a", "day": [date(2025, 1, 1), date(2025, 1, 4)], "ret": [0.1, 0.1]})
    >>> with_days(frame, by="p").collect()["days"].to_list()
    [1, 3]
    """
    if "days" in rows.collect_schema():
        return rows.with_columns(days=pl.col("days").fill_null(1))
    return rows.with_columns(days=days_by_dates(pl.col("ret"), day=pl.col("day"), run=pl.col(by)))


def in_order(returns: pl.DataFrame | pl.LazyFrame, *, by: str) -> pl.LazyFrame:
    """Return the rows that have a return, each portfolio's by day, with the days each spans.

    Args:
        returns: As for `histories`, in any order.
        by: The column that tells the portfolios apart.

    Raises:
        ContractError: also when a portfolio has two returns for one day, or one without a day.
    """
    rows = histories(returns, by=by).filter(pl.col("ret").is_finite()).sort(by, "day").collect()
    day, owner = pl.col("day"), pl.col(by)
    same = owner.eq_missing(owner.shift(1))
    repeated = rows.filter((same & (day == day.shift(1))) | day.is_null())
    if not repeated.is_empty():
        name, when = repeated.select(by, "day").row(0)
        column_name = "a return without a day" if when is None else f"two returns for {when}"
        raise ContractError(f"returns: {by} {name} has {column_name}; keep one of them, with its day")
    return with_days(rows.lazy(), by=by)
