"""Injects labelled faults: clean quotes in, quotes with known faults and the list of those faults out.

Depends on how feeds go wrong, one function a kind. Does not know a detector. Every fault is one
label: the series, and the moments at which a finding about it would be right. Draws from a seeded source, so a
corpus is the same each time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import numpy as np
import polars as pl

SERIES = ["asset_id", "chain_id", "source"]
_CHANGED = ("price", "volume_24h", "timestamp")
# Rows at either end of a series that are left alone: a fault needs a past and a future to show against.
_MARGIN = 70
_MIN_SEPARATION = 60


@dataclass(frozen=True, slots=True)
class Label:
    """One injected fault.

    Attributes:
        series: The values of `SERIES`.
        first: The earliest moment at which a finding about it is right.
        last: The latest.
    """

    series: tuple[object, ...]
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Dirt:
    """One kind of fault at one size: `apply` takes one series (sorted) and where to begin."""

    kind: str
    size: str
    apply: Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]


def corpus() -> Iterator[Dirt]:
    """Every kind at every size, for daily quotes."""
    powers = (1e-18, 1e-6, 1e-3, 0.01, 0.1, 10.0, 100.0, 1e3, 1e6, 1e18)
    yield from (
        Dirt("spike", f"x{factor:g}, {days} d", _scale(factor, days))
        for factor, days in product((0.5, 0.7, 1.3, 1.5, 2.0, 3.0), (1, 2, 3))
    )
    yield from (
        Dirt("decimal shift", f"x{factor:g}, {days} d", _scale(factor, days))
        for factor, days in product(powers, (1, 5, 30))
    )
    yield from (Dirt("last price off", f"x{factor:g}", _last(factor)) for factor in (0.4, 0.6, 1.6, 3.0, 10.0))
    yield from (Dirt("decimal shift", f"x{factor:g}, to the end", _scale(factor, None)) for factor in powers)
    yield from (Dirt("stale", f"{days} d", _stale(days)) for days in (4, 7, 14, 30))
    yield from (Dirt("swapped columns", f"{days} d", _swap_columns(days)) for days in (1, 5))
    yield from (
        Dirt("time-zone shift", f"{hours:+g} h, {days} d", _shift_zone(hours, days))
        for hours, days in product((-8.0, -5.0, 5.5, 9.0), (3, 20))
    )
    yield from (
        Dirt("time-zone shift", f"a whole day, {days:+d} d for 120 d", _shift_dates(days, 120)) for days in (-1, 1)
    )
    yield from (Dirt("missing days", f"{days} d", _drop_days(days)) for days in (1, 3, 10))
    yield from (Dirt("duplicated tick", f"{seconds} s later", _repeat_after(seconds)) for seconds in (1, 30, 600))
    yield from (Dirt("feed stopped", f"{days} d ago", _stop_early(days)) for days in (5, 12, 25))
    yield from (Dirt("stale", f"{days} d, volume too", _copy_other_series(days)) for days in (1, 3))


def inject(clean: pl.DataFrame, dirt: Dirt, *, seed: int, faults: int = 2) -> tuple[pl.DataFrame, list[Label]]:
    """One kind of dirt in every other series of the same quotes, a few faults each.

    Args:
        clean: Quotes of `schemas.TABLES["market_data"]`.
        dirt: What to inject.
        seed: Where the draws begin.
        faults: How many a series, for kinds that leave room for more than one.

    Returns:
        The quotes with their faults, and a label for each.
    """
    random_state = np.random.default_rng(seed)
    parts, labels = [], []
    # Half the series stay clean, as they would: what everyone does at once is not a fault of one feed.
    for number, (key, whole) in enumerate(clean.sort(*SERIES, "timestamp").group_by(SERIES, maintain_order=True)):
        rows = whole
        room = rows.height - 2 * _MARGIN
        if number % 2 or room < _MIN_SEPARATION:
            parts.append(rows)
            continue
        once = dirt.kind in {"feed stopped", "last price off"} or dirt.size.endswith(("the end", "120 d"))
        starts = _starts(random_state, room, 1 if once else faults)
        for start in sorted(starts, reverse=True):
            moments = rows.get_column("timestamp")
            rows, (low, high) = dirt.apply(rows, start)
            labels.append(Label(key, moments[max(low, 0)], moments[min(high, moments.len() - 1)]))
        parts.append(rows)
    return pl.concat(parts), labels


def _starts(random_state: np.random.Generator, room: int, count: int) -> list[int]:
    """Where faults begin: far enough from the ends, and from each other."""
    slots = max(1, min(count, room // (2 * _MIN_SEPARATION)))
    width = room // slots
    return [
        _MARGIN + slot * width + int(random_state.integers(0, max(1, width - _MIN_SEPARATION))) for slot in range(slots)
    ]


def _within(start: int, days: int | None) -> pl.Expr:
    row = pl.int_range(pl.len())
    return row >= start if days is None else row.is_between(start, start + days - 1)


def _scale(factor: float, days: int | None) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        altered = pl.when(_within(start, days)).then(pl.col("price") * factor).otherwise("price")
        return rows.with_columns(price=altered), (start, start + (days or rows.height))

    return apply


def _last(factor: float) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:  # noqa: ARG001 - the end is where it is
        altered = pl.when(_within(rows.height - 1, 1)).then(pl.col("price") * factor).otherwise("price")
        return rows.with_columns(price=altered), (rows.height - 2, rows.height)

    return apply


def _stale(days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        last = rows.get_column("price")[start - 1]
        altered = pl.when(_within(start, days)).then(last).otherwise("price")
        return rows.with_columns(price=altered), (start, start + days)

    return apply


def _copy_other_series(days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        in_stretch, last = _within(start, days), rows.row(start - 1, named=True)
        altered = {
            name: pl.when(in_stretch).then(pl.lit(last[name])).otherwise(name) for name in ("price", "volume_24h")
        }
        return rows.with_columns(**altered), (start, start + days)

    return apply


def _swap_columns(days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        in_stretch = _within(start, days)
        altered = {
            "price": pl.when(in_stretch).then("volume_24h").otherwise("price"),
            "volume_24h": pl.when(in_stretch).then("price").otherwise("volume_24h"),
        }
        return rows.with_columns(**altered), (start, start + days - 1)

    return apply


def _shift_zone(hours: float, days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        moved = pl.col("timestamp") + timedelta(hours=hours)
        altered = pl.when(_within(start, days)).then(moved).otherwise("timestamp")
        return rows.with_columns(timestamp=altered), (start - 2, start + days + 1)

    return apply


def _shift_dates(shift: int, days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        # The values of a stretch are those of the day before or after; dates stay.
        in_stretch = _within(start, days)
        altered = {
            name: pl.when(in_stretch).then(pl.col(name).shift(shift)).otherwise(name)
            for name in ("price", "volume_24h")
        }
        return rows.with_columns(**altered), (start - 30, start + days)

    return apply


def _drop_days(days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        return rows.filter(~_within(start, days)), (start - 1, start + days)

    return apply


def _repeat_after(seconds: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:
        again = rows.slice(start, 1).with_columns(pl.col("timestamp") + timedelta(seconds=seconds))
        return pl.concat([rows, again]).sort("timestamp"), (start, start + 1)

    return apply


def _stop_early(days: int) -> Callable[[pl.DataFrame, int], tuple[pl.DataFrame, tuple[int, int]]]:
    def apply(rows: pl.DataFrame, start: int) -> tuple[pl.DataFrame, tuple[int, int]]:  # noqa: ARG001 - the end is where it is
        return rows.head(rows.height - days), (rows.height - days - 2, rows.height)

    return apply
