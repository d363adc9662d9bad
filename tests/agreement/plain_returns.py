"""What a portfolio was worth and returned each day, in plain Python: the ruling on daily returns.

r = (V1 - V0 - F) / average capital, between one close and the next, where the average is over the time in which money
was at work: V0 + sum(w F) while it always was. Shares no line with the package.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from .plain_market import Row, added


@dataclass(frozen=True)
class Close:
    """A day's last snapshot."""

    day: date
    at: datetime
    value: Decimal


@dataclass(frozen=True)
class Day:
    """What came of one close since the last: None where it cannot be known."""

    day: date
    ret: float | None
    gain: Decimal | None
    flow: Decimal | None
    days: int | None
    why: str = ""


def closes(snapshots: Iterable[Row]) -> list[Close]:
    """The last snapshot of each UTC day."""
    last: dict[date, Close] = {}
    for row in sorted(snapshots, key=lambda row: row["timestamp"]):
        last[row["timestamp"].date()] = Close(row["timestamp"].date(), row["timestamp"], row["total_value"])
    return list(last.values())


# Money is at work while at least this part of the period's largest capital is in.
AT_WORK = 0.1


def daily(closed: list[Close], flowed: list[tuple[datetime, Decimal | None]]) -> list[Day]:
    """The return of each close: what was gained since the last one over the average capital at work."""
    found = []
    for place, close in enumerate(closed):
        if place == 0:
            found.append(Day(close.day, None, None, Decimal(0), None, "first"))
            continue
        before = closed[place - 1]
        inside = [(at, amount) for at, amount in flowed if before.at <= at < close.at]
        days = (close.day - before.day).days
        if any(amount is None for _, amount in inside):
            found.append(Day(close.day, None, None, None, days, "unpriced"))
            continue
        flow = added([amount for _, amount in inside])
        gain = close.value - before.value - flow
        capital = average_capital(before, close, [(at, float(amount)) for at, amount in inside])
        moved = abs(float(before.value)) + sum(abs(float(amount)) for _, amount in inside)
        ret, why = (float(gain) / capital, "") if capital > 1e-12 * moved else (None, "no capital")
        found.append(Day(close.day, ret, gain, flow, days, why))
    return found


def average_capital(before: Close, close: Close, inside: list[tuple[datetime, float]]) -> float:
    """What was in the portfolio from one close to the next, on the average of the time when money was at work.

    Of flows at one moment those in come first. With money at work throughout this is Modified Dietz' capital; where
    it never was for any time, it is the most that the flows left in.
    """
    ordered = sorted(inside, key=lambda flow: (flow[0], -flow[1]))
    held = [(before.at, float(before.value))]
    for at, amount in ordered:
        held.append((at, held[-1][1] + amount))
    ends = [at for at, _ in held[1:]] + [close.at]
    least = AT_WORK * max(0.0, *(book for _, book in held))
    spans = [((end - at).total_seconds(), book) for (at, book), end in zip(held, ends, strict=True)]
    working = [(seconds, book) for seconds, book in spans if book > least and seconds > 0]
    time = sum(seconds for seconds, _ in working)
    if time > 0:
        return math.fsum(seconds * book for seconds, book in working) / time
    return max((book for _, book in held[1:]), default=float(before.value))


def linked(rets: Iterable[float | None]) -> float | None:
    """Growth of money that never moved."""
    known = [ret for ret in rets if ret is not None]
    whole = 1.0
    for ret in known:
        whole *= 1 + ret
    return whole - 1 if known else None
