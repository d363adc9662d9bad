"""Every metric a second time, in plain Python on lists: too simple to be wrong, too slow to be used.

Shares no line with the package. A series is a list of (day, return, benchmark); what is None, NaN
or infinite counts as absent. A metric that is undefined is None.
"""

import math
from collections.abc import Callable
from datetime import date
from itertools import groupby, pairwise
from statistics import NormalDist, fmean

Point = tuple[date, float | None, float | None]
Answer = float | None

YEAR = 365
LEAST = 30
TINY = 1e-12


def good(x: float | None) -> bool:
    return x is not None and math.isfinite(x)


def clean(points: list[Point]) -> list[float]:
    return [r for _, r, _ in points if good(r)]


def pairs(points: list[Point]) -> list[tuple[float, float]]:
    return [(r, b) for _, r, b in points if good(r) and good(b)]


def over(a: Answer, b: Answer) -> Answer:
    """A quotient, or nothing where there is nothing to divide by."""
    return None if a is None or b is None or not b > TINY else finite(a / b)


def signed_over(a: Answer, b: Answer) -> Answer:
    return None if a is None or b is None or not abs(b) > TINY else finite(a / b)


def finite(x: Answer) -> Answer:
    return x if x is not None and math.isfinite(x) else None


def stdev(xs: list[float], ddof: int = 1) -> Answer:
    if len(xs) <= ddof:
        return None
    mean = math.fsum(xs) / len(xs)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in xs) / (len(xs) - ddof))


def product(rs: list[float]) -> Answer:
    if not rs or min(rs) < -1:
        return None
    out = 1.0
    for r in rs:
        out *= 1 + r
    return finite(out)


def power(base: Answer, exponent: float) -> Answer:
    try:
        return None if base is None or base < 0 else base**exponent
    except OverflowError:
        return None


def less_one(x: Answer) -> Answer:
    return None if x is None else finite(x - 1)


def total_return(points: list[Point]) -> Answer:
    return less_one(product(clean(points)))


def cagr(points: list[Point]) -> Answer:
    days = [day for day, r, _ in points if good(r)]
    elapsed = (max(days) - min(days)).days + 1 if days else 0
    return less_one(power(product(clean(points)), YEAR / elapsed)) if elapsed >= LEAST else None


def by_count(rs: list[float], year: float = YEAR) -> Answer:
    return less_one(power(product(rs), year / len(rs))) if rs else None


def vol(rs: list[float]) -> Answer:
    deviation = stdev(rs)
    return None if deviation is None else (deviation if deviation > TINY else 0.0) * math.sqrt(YEAR)


def sharpe(rs: list[float]) -> Answer:
    return over(fmean(rs) if rs else None, stdev(rs))


def times(x: Answer, factor: float) -> Answer:
    return None if x is None else finite(x * factor)


def below(rs: list[float], level: float = 0.0, order: int = 2) -> Answer:
    return fmean([max(level - r, 0.0) ** order for r in rs]) if rs else None


def above(rs: list[float], level: float = 0.0, order: int = 2) -> Answer:
    return fmean([max(r - level, 0.0) ** order for r in rs]) if rs else None


def root(x: Answer) -> Answer:
    return None if x is None else math.sqrt(x)


def mean(rs: list[float]) -> Answer:
    return math.fsum(rs) / len(rs) if rs else None


def falls(points: list[Point]) -> list[float] | None:
    """Distance from the peak after each return; None where wealth cannot be followed."""
    rs = clean(points)
    if not rs or min(rs) < -1:
        return None
    wealth, peak, out = 1.0, 1.0, []
    for r in rs:
        wealth *= 1 + r
        if not math.isfinite(wealth):
            return None
        peak = max(peak, wealth)
        out.append(wealth / peak - 1)
    return out


def episodes(points: list[Point]) -> list[list[float]] | None:
    path = falls(points)
    if path is None:
        return None
    return [list(run) for under, run in groupby(path, key=lambda d: d < -TINY) if under]


def max_drawdown(points: list[Point]) -> Answer:
    path = falls(points)
    return None if path is None else min(path)


def quantile(xs: list[float], q: float) -> Answer:
    if not xs:
        return None
    xs = sorted(xs)
    at = q * (len(xs) - 1)
    low = math.floor(at)
    return xs[low] + (xs[min(low + 1, len(xs) - 1)] - xs[low]) * (at - low)


def tail(xs: list[float], q: float) -> Answer:
    edge = quantile(xs, q)
    return None if edge is None else fmean([x for x in xs if x <= edge])


def moment(xs: list[float], order: int) -> float:
    centre = math.fsum(xs) / len(xs)
    return math.fsum((x - centre) ** order for x in xs) / len(xs)


def skew(rs: list[float]) -> Answer:
    if len(rs) < 3 or not stdev(rs) > TINY:
        return None
    return moment(rs, 3) / moment(rs, 2) ** 1.5


def tails(rs: list[float]) -> Answer:
    if len(rs) < 4 or not stdev(rs) > TINY:
        return None
    return moment(rs, 4) / moment(rs, 2) ** 2 - 3


def sample_skew(rs: list[float]) -> Answer:
    n = len(rs)
    return None if skew(rs) is None else skew(rs) * math.sqrt(n * (n - 1)) / (n - 2)


def sample_tails(rs: list[float]) -> Answer:
    n = len(rs)
    return None if tails(rs) is None else (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * tails(rs) + 6)


def bend(rs: list[float]) -> Answer:
    z = NormalDist().inv_cdf(0.05)
    s, k = skew(rs), tails(rs)
    if s is None or k is None:
        return None
    return z + (z * z - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s * s / 36


def parametric(rs: list[float], level: Answer) -> Answer:
    deviation = stdev(rs)
    return None if deviation is None or level is None else finite(-fmean(rs) - deviation * level)


def cornish_shortfall(rs: list[float]) -> Answer:
    h = bend(rs)
    if h is None:
        return None
    s, k = skew(rs), tails(rs)
    density = math.exp(-h * h / 2) / math.sqrt(2 * math.pi)
    edge = 1 + h**3 * s / 6 + (h**6 - 9 * h**4 + 9 * h**2 + 3) * s * s / 72 + (h**4 - 2 * h**2 - 1) * k / 24
    return parametric(rs, -max(density * edge / 0.05, -h))


def entropic(xs: list[float] | None) -> Answer:
    """Least bound over a fine grid of theta, then a finer one around its best."""
    if not xs:
        return None
    worst, spread = min(xs), max(xs) - min(xs)
    if spread < TINY:
        return -worst

    def bound(theta: float) -> float:
        return -worst + theta * (math.log(fmean([math.exp(-(x - worst) / theta) for x in xs])) - math.log(0.05))

    low, high = math.log(spread) - 26, math.log(spread) + 8
    for _ in range(16):
        grid = [low + (high - low) * i / 24 for i in range(25)]
        best = min(grid, key=lambda u: bound(math.exp(u)))
        step = (high - low) / 24
        low, high = best - step, best + step
    return min(
        bound(math.exp((low + high) / 2)),
        -worst if math.log(len(xs) / xs.count(worst)) <= -math.log(0.05) else math.inf,
    )


def pareto(rs: list[float]) -> tuple[float, float, float, float] | None:
    losses = [-r for r in rs]
    u = quantile(losses, 0.9)
    beyond = sorted(x - u for x in losses if x > u) if losses else []
    n = len(beyond)
    if n < 10:
        return None
    a0 = fmean(beyond)
    a1 = fmean([x * (1 - (i + 1 - 0.35) / n) for i, x in enumerate(beyond)])
    if a0 < TINY or a0 - 2 * a1 <= 0:
        return None
    return u, 2 - a0 / (a0 - 2 * a1), 2 * a0 * a1 / (a0 - 2 * a1), len(losses) / n * 0.01


def extreme_var(rs: list[float]) -> Answer:
    fit = pareto(rs)
    if fit is None:
        return None
    u, xi, sigma, share = fit
    return u - sigma * math.log(share) if abs(xi) < 1e-9 else u + sigma / xi * (share**-xi - 1)


def extreme_es(rs: list[float]) -> Answer:
    fit = pareto(rs)
    if fit is None or fit[1] >= 1:
        return None
    return (extreme_var(rs) + fit[2] - fit[1] * fit[0]) / (1 - fit[1])


def run_length(points: list[Point], hit: Callable[[float], bool]) -> Answer:
    """A day without a return ends a run."""
    hits = groupby(points, key=lambda point: good(point[1]) and hit(point[1]))
    return float(max([len(list(run)) for yes, run in hits if yes], default=0)) if clean(points) else None


def calendar(points: list[Point], bucket: Callable[[date], object]) -> list[float]:
    out, wealth = [], 1.0
    for _, rows in groupby([(day, r) for day, r, _ in points if good(r)], key=lambda row: bucket(row[0])):
        before = wealth
        for _, r in rows:
            wealth *= 1 + r
        if before and math.isfinite(wealth / before):
            out.append(wealth / before - 1)
    return out


def week(day: date) -> object:
    return day.isocalendar()[:2]


def month(day: date) -> object:
    return day.year, day.month


def best(xs: list[float]) -> Answer:
    return max(xs) if xs else None


def worst(xs: list[float]) -> Answer:
    return min(xs) if xs else None


def spread_of_sharpe(rs: list[float]) -> Answer:
    s, g, k = sharpe(rs), skew(rs), tails(rs)
    return None if s is None or g is None or k is None else 1 - g * s + (k + 2) / 4 * s * s


def probabilistic(rs: list[float]) -> Answer:
    spread = spread_of_sharpe(rs)
    if spread is None or spread <= 0:
        return None
    return NormalDist().cdf(sharpe(rs) * math.sqrt(len(rs) - 1) / math.sqrt(spread))


def track_record(rs: list[float]) -> Answer:
    spread = spread_of_sharpe(rs)
    if spread is None or sharpe(rs) <= TINY:
        return None
    return 1 + spread * (NormalDist().inv_cdf(0.95) / sharpe(rs)) ** 2


def adjusted(rs: list[float]) -> Answer:
    s, g, k = sharpe(rs), skew(rs), tails(rs)
    return None if s is None or g is None or k is None else s * (1 + g * s / 6 - k * s * s / 24)


def lagged(rs_with_holes: list[float | None]) -> Answer:
    rs = [r for r in rs_with_holes if good(r)]
    if len(rs) < 2 or not stdev(rs) > TINY:
        return None
    centre = fmean(rs)
    joined = math.fsum((x - centre) * (y - centre) for x, y in pairwise(rs_with_holes) if good(x) and good(y))
    return joined / math.fsum((r - centre) ** 2 for r in rs)


def sum_of(rs: list[float], keep: Callable[[float], bool]) -> float:
    return math.fsum(r for r in rs if keep(r))


def gains(rs: list[float]) -> list[float]:
    return [r for r in rs if r > 0]


def losses(rs: list[float]) -> list[float]:
    return [r for r in rs if r < 0]


def payoff(rs: list[float]) -> Answer:
    return over(mean(gains(rs)), times(mean(losses(rs)), -1))


def kelly(rs: list[float]) -> Answer:
    odds = payoff(rs)
    if odds is None:
        return None
    won = len(gains(rs)) / len(gains(rs) + losses(rs))
    return finite(won - (1 - won) / odds)


def negative(x: Answer) -> Answer:
    return None if x is None else -x + 0.0


def deepest_share(path: list[float] | None) -> Answer:
    """Mean of the deepest twentieth, the last of them in part."""
    if path is None:
        return None
    k = len(path) * (1 - 0.95)
    ordered, whole = sorted(path), math.ceil(k - 1e-9) - 1
    return -(math.fsum(ordered[:whole]) + ordered[whole] * (k - whole)) / k


def ordered_drawdown(path: list[float] | None) -> Answer:
    return None if path is None else -sorted(path)[max(math.ceil(len(path) * (1 - 0.95) - 1e-9), 1) - 1]


def mean_of_episodes(points: list[Point], number: Callable[[list[float]], float], none: Answer) -> Answer:
    listed = episodes(points)
    return None if listed is None else fmean([number(run) for run in listed]) if listed else none


def gini(rs: list[float]) -> Answer:
    n = len(rs)
    return fmean([abs(x - y) for i, x in enumerate(rs) for y in rs[:i]]) if n > 1 else None


def product_of(*xs: Answer) -> Answer:
    return None if any(x is None for x in xs) else finite(math.prod(xs))


def won(rs: list[float]) -> Answer:
    moved = len(gains(rs) + losses(rs))
    return len(gains(rs)) / moved if moved else None


def ruin(rs: list[float]) -> Answer:
    return None if won(rs) is None else ((1 - won(rs)) / (1 + won(rs))) ** len(rs)


def likeness(points: list[Point]) -> Answer:
    """What neighbours' likeness adds to a deviation, term by term; next to a hole no one has a neighbour."""
    rs = clean(points)
    n, neighbours = len(rs), [(x, y) for (_, x, _), (_, y, _) in pairwise(points) if good(x) and good(y)]
    sides = [[x for x, _ in neighbours], [y for _, y in neighbours]]
    if not rs:
        return None
    if len(neighbours) < 2 or not all(stdev(side) > TINY for side in sides):
        return 1.0
    centres = [fmean(side) for side in sides]
    shared = math.fsum((x - centres[0]) * (y - centres[1]) for x, y in neighbours) / (len(neighbours) - 1)
    rho = abs(shared / stdev(sides[0]) / stdev(sides[1]))
    return math.sqrt(1 + 2 * math.fsum((n - k) / n * rho**k for k in range(1, n)))


def serenity(points: list[Point]) -> Answer:
    rs, path = clean(points), falls(points)
    if path is None:
        return None
    pitfall, ulcer, risk = deepest_share(path), root(fmean([d * d for d in path])), stdev(rs)
    if risk is None or not min(pitfall, ulcer, risk) > TINY:
        return None
    return finite(math.fsum(rs) / (ulcer * pitfall / risk))
