"""Against a benchmark, in plain Python on lists of pairs; as `plain`, and for the same reason."""

import math
from statistics import fmean

from .plain import TINY, YEAR, Answer, Point, by_count, finite, good, less_one, power, stdev


def straightness(points: list[Point]) -> Answer:
    held = [(day, r) for day, r, _ in points if good(r)]
    if len(held) < 2 or min(r for _, r in held) <= -1:
        return None
    path, total = [], 0.0
    for day, r in held:
        total += math.log1p(r)
        path.append((total, float(day.toordinal())))
    return times_self(correlation(path, tiny=0.0))


def times_self(x: Answer) -> Answer:
    return None if x is None else min(x * x, 1.0)


def covariance(xy: list[tuple[float, float]]) -> float:
    mx, my = fmean([x for x, _ in xy]), fmean([y for _, y in xy])
    return math.fsum((x - mx) * (y - my) for x, y in xy) / (len(xy) - 1)


def correlation(xy: list[tuple[float, float]], tiny: float = TINY) -> Answer:
    if len(xy) < 2:
        return None
    sx, sy = stdev([x for x, _ in xy]), stdev([y for _, y in xy])
    return covariance(xy) / sx / sy if sx > tiny and sy > tiny else None


def beta(xy: list[tuple[float, float]]) -> Answer:
    if len(xy) < 2 or not stdev([b for _, b in xy]) > TINY:
        return None
    return covariance(xy) / stdev([b for _, b in xy]) ** 2


def difference(x: Answer, y: Answer) -> Answer:
    return None if x is None or y is None else finite(x - y)


def alpha(xy: list[tuple[float, float]]) -> Answer:
    slope = beta(xy)
    if slope is None:
        return None
    return less_one(power(1 + fmean([r for r, _ in xy]) - slope * fmean([b for _, b in xy]), YEAR))


def growths(xy: list[tuple[float, float]]) -> tuple[Answer, Answer]:
    return by_count([r for r, _ in xy]), by_count([b for _, b in xy])


def mean_growths(xy: list[tuple[float, float]]) -> tuple[Answer, Answer]:
    return by_count([r for r, _ in xy], 1), by_count([b for _, b in xy], 1)


def jensen(xy: list[tuple[float, float]]) -> Answer:
    own, market = growths(xy)
    slope = beta(xy)
    return None if own is None or market is None or slope is None else finite(own - slope * market)


def specific(xy: list[tuple[float, float]]) -> Answer:
    slope = beta(xy)
    return None if slope is None else stdev([r - slope * b for r, b in xy], 0) * math.sqrt(YEAR)


def systematic(xy: list[tuple[float, float]]) -> Answer:
    slope = beta(xy)
    return None if slope is None else slope * stdev([b for _, b in xy]) * math.sqrt(YEAR)


def active(xy: list[tuple[float, float]]) -> list[float]:
    return [r - b for r, b in xy]


def side(xy: list[tuple[float, float]], *, up: bool) -> list[tuple[float, float]]:
    return [(r, b) for r, b in xy if (b > 0 if up else b < 0)]


def m_squared(xy: list[tuple[float, float]]) -> Answer:
    own, spread = growths(xy)[0], stdev([r for r, _ in xy])
    return (
        None if own is None or spread is None or not spread > TINY else finite(own * stdev([b for _, b in xy]) / spread)
    )


def curvature(xy: list[tuple[float, float]]) -> Answer:
    """What the square explains of the return, once the benchmark has been taken out of both."""
    if len(xy) < 4 or beta(xy) is None:
        return None
    bent = beta([(b * b, b) for _, b in xy])
    square = [b * b - bent * b for _, b in xy]
    rest = [r - beta(xy) * b for r, b in xy]
    spread = stdev(square) ** 2
    if not spread > 1e-12 * stdev([b * b for _, b in xy]) ** 2:
        return None
    return covariance(list(zip(rest, square, strict=True))) / spread
