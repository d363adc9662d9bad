"""The zone of moments and days: what enters a computation is in UTC, is converted to it, or is refused.

Does not know a metric, or read a store, clock or setting. A moment with a zone is one moment in every zone,
so it is converted; one without a zone could be any, so it is refused; so is a day that is a day of another
zone.
"""

import polars as pl

from ys_analytics.errors import ContractError

UTC_TIME = pl.Datetime("us", "UTC")


def in_utc(frame: pl.DataFrame | pl.LazyFrame, *moments: str, of: str) -> pl.LazyFrame:
    """Return the frame with its moments in UTC.

    Args:
        frame: Any frame; columns that are not there are not looked at.
        moments: Names of its columns of moments.
        of: What the frame is, for the error.

    Returns:
        The same rows; each column of `moments` is Datetime("us", "UTC").

    Raises:
        ContractError: a moment has no zone or is none, or `day` is a day of another zone.

    >>> from datetime import datetime, timedelta, timezone
    >>> tokyo = datetime(2026, 11, 16, 3, tzinfo=timezone(timedelta(hours=9)))
    >>> frame = pl.DataFrame({"timestamp": [tokyo]}, schema={"timestamp": pl.Datetime("ms", "Asia/Tokyo")})
    >>> in_utc(frame, "timestamp", of="flows").collect()["timestamp"].item()
    datetime.datetime(2026, 11, 15, 18, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC'))
    >>> in_utc(pl.DataFrame({"timestamp": [datetime(2026, 11, 16)]}), "timestamp", of="flows")
    Traceback (most recent call last):
    ...
    ys_analytics.errors.ContractError: flows: timestamp has no time zone; say which with dt.replace_time_zone
    """
    casts = frame.lazy()
    schema = casts.collect_schema()
    refuse_foreign_days(schema, of=of)
    converted = []
    for name in moments:
        dtype = schema.get(name, UTC_TIME)
        if dtype in {UTC_TIME, pl.Null}:
            continue
        if not isinstance(dtype, pl.Datetime):
            raise ContractError(f"{of}: {name} is {dtype}; a moment is a Datetime with a time zone")
        if dtype.time_zone is None:
            raise ContractError(f"{of}: {name} has no time zone; say which with dt.replace_time_zone")
        converted.append(pl.col(name).dt.convert_time_zone("UTC").dt.cast_time_unit("us"))
    return casts.with_columns(converted) if converted else casts


def refuse_foreign_days(schema: pl.Schema, *, of: str) -> None:
    """Refuse a `day` that is a moment in a zone other than UTC: its days begin and end at other hours.

    Raises:
        ContractError: it is one.
    """
    dtype = schema.get("day")
    if isinstance(dtype, pl.Datetime) and dtype.time_zone not in {None, "UTC", "Etc/UTC"}:
        raise ContractError(
            f"{of}: day is a day of {dtype.time_zone}, and days are UTC days;"
            " take it from the moment with dt.convert_time_zone('UTC').dt.date()"
        )
