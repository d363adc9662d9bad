"""The numbers of the pages on risk, a second time."""

import math
from collections import Counter
from datetime import date
from itertools import combinations, pairwise
from random import Random
from statistics import NormalDist, fmean, stdev
from typing import Any

from .comparing import Sized
from .pages import Page, ViewData, page
from .pages_holdings import held
from .plain_holdings import CHAINS, Position
from .plain_lookthrough import Registry, last_prices
from .plain_market import DAY, Row
from .plain_metrics import BASIS, HEADLINE, LINKED, Known, least, metric
from .plain_run import QUARTER, Report

_TAIL = 0.05


@page("Distribution of daily returns")
def distribution(r: Report, view_data: ViewData) -> Page:
    """How many days fell into each bin; the bins' width is the drawer's choice, and must be one width from zero on."""
    rets = [one.ret for one in r.alone]
    if len(rets) < 10 or max(rets) - min(rets) < 1e-12:
        return Page([], facts=[10, len(rets), *rets[:1]])
    rows, width = binned(rets, view_data, "days")
    risks = [metric(name, r.known) for name in ("value_at_risk", "expected_shortfall")] if len(rets) >= 30 else []
    return Page(rows, facts=[len(rets), len(r.known) - len(rets), min(rets), max(rets), width, *risks])


def binned(rets: list[float], view_data: ViewData, counted: str) -> tuple[list[dict[str, Any]], float]:
    """How many returns fell into each bin that was drawn, from its lower edge up to and without the upper; its width.

    Bins that do not join, or leave a return out, are expected to hold all of them, which no bin drawn does.
    """
    lows, highs = view_data.column("from"), view_data.column("to")
    width = highs[0] - lows[0]
    first, rows = round(lows[0] / width), []
    for place in range(first, first + len(lows)):
        inside = [ret for ret in rets if place <= ret / width < place + 1]
        rows.append({"from": place * width, "to": (place + 1) * width, counted: len(inside)})
    if sum(row[counted] for row in rows) != len(rets):
        rows[0][counted] = len(rets)
    return rows, width


@page("Volatility and Sharpe ratio, 30 days rolling")
def rolling(r: Report, _: ViewData) -> Page:
    """Of the last thirty days, where each has a return of its own."""
    rows, own = [], {one.day: one.ret for one in r.alone}
    for one in r.known:
        window = [own.get(one.day - DAY * back) for back in range(30)]
        risk = None if None in window else stdev(window)
        rows.append({
            "day": one.day, "volatility": None if risk is None else risk * math.sqrt(365),
            "sharpe_ratio": None if risk is None or risk < 1e-12 else fmean(window) / risk * math.sqrt(365),
        })  # fmt: skip
    shown = any(row["volatility"] is not None for row in rows)
    return Page(rows if shown else [], facts=[30, len(rows)])


def stated_losses(r: Report) -> list[tuple[date, float, float, bool]]:
    """Each day's return next to the loss the platform stated the day before, where it stated one."""
    last: dict[date, Row] = {}
    for row in sorted(r.mine("risk_metrics"), key=lambda row: row["timestamp"]):
        last[row["timestamp"].date()] = row
    values = {one.day: one.value for one in r.closes}
    found = []
    for day in r.daily:
        row, value = last.get(day.day - DAY), values.get(day.day - DAY)
        if day.ret is None or day.days != 1 or row is None or row["var_95"] is None or value is None or value <= 0:
            continue
        loss = float(row["var_95"]) / float(value)
        if loss > 0:
            found.append((day.day, day.ret, loss, day.ret < -loss))
    return found


@page("Each day against the value at risk stated the day before")
def tail_days(r: Report, _: ViewData) -> Page:
    """Days, rules and breaches."""
    rows = [dict(zip(("day", "ret", "var", "failed"), one, strict=True)) for one in stated_losses(r)]
    return Page(rows, facts=[sum(row["failed"] for row in rows), len(rows), len(rows) * _TAIL])


def _likelihood(misses: int, hits: int, p: float) -> float:
    return (misses * math.log(1 - p) if misses else 0.0) + (hits * math.log(p) if hits else 0.0)


@page("Backtest of the platform's value at risk")
def tail_test(r: Report, _: ViewData) -> Page:
    """Kupiec's and Christoffersen's likelihood ratios."""
    broken = [failed for *_, failed in stated_losses(r)]
    n, x = len(broken), sum(broken)
    if not n:
        return Page([])
    row: dict[str, Any] = {"n": n, "failures": x, "expected": None, "kupiec_p": None, "independence_p": None,
                           "coverage_p": None}  # fmt: skip
    if n >= 30:
        steps = Counter(pairwise(broken))
        n00, n01, n10, n11 = (steps[pair] for pair in ((False, False), (False, True), (True, False), (True, True)))
        pof = 2 * (_likelihood(n - x, x, x / n) - _likelihood(n - x, x, _TAIL))
        first, second = (n01 / (n00 + n01) if n00 + n01 else 0.0), (n11 / (n10 + n11) if n10 + n11 else 0.0)
        together = _likelihood(n00 + n10, n01 + n11, (n01 + n11) / (n - 1))
        alone = 2 * (_likelihood(n00, n01, first) + _likelihood(n10, n11, second) - together)
        pof, alone = max(pof, 0.0), max(alone, 0.0)
        chances = {"kupiec_p": pof, "independence_p": alone}
        row |= {name: math.erfc(math.sqrt(ratio / 2)) for name, ratio in chances.items()}
        row |= {"expected": n * _TAIL, "coverage_p": math.exp(-(pof + alone) / 2)}
    return Page([row], facts=[30, n])


_CLAIMED = (
    ("Return of the day", "portfolio_snapshots", "daily_return", "ret"),
    ("Volatility", "portfolio_snapshots", "volatility", "volatility"),
    ("Sharpe ratio", "portfolio_snapshots", "sharpe_ratio", "sharpe_ratio"),
    ("Maximum drawdown", "portfolio_snapshots", "max_drawdown", "max_drawdown"),
    ("Value at risk 95 %, one day, USD", "risk_metrics", "var_95", "value_at_risk"),
    ("Expected shortfall 95 %, one day, USD", "risk_metrics", "cvar_95", "expected_shortfall"),
)


@page("The platform's figures and ours")
def claims(r: Report, _: ViewData) -> Page:
    """The last stored figure of each kind, and ours up to its day."""
    rows, days = [], set()
    for title, table, column, name in _CLAIMED:
        stored = sorted((row for row in r.mine(table) if row[column] is not None), key=lambda row: row["timestamp"])
        if not stored or not r.daily:
            continue
        day, claim = stored[-1]["timestamp"].date(), float(stored[-1][column])
        days.add(day)
        upto = [one for one in r.known if one.day <= day]
        worth = [one.value for one in r.closes if one.day <= day]
        if not upto:
            ours = None
        elif name == "ret":
            ours = next(one.ret for one in reversed(r.daily) if one.day <= day)
        else:
            ours = metric(name, upto)
            ours = ours * float(worth[-1]) if table == "risk_metrics" and ours is not None else ours
        rows.append({"title": title, "stored": claim, "ours": ours,
                     "difference": None if ours is None else Sized(claim - ours, claim)})  # fmt: skip
    return Page(rows, dates=days, facts=[len(rows)], copied={"stored"})


def registry_of(r: Report) -> Registry:
    """What each asset stands for at the week's end."""
    return Registry(r.assets, last_prices(r.assets, r.market, r.end))


def behind(r: Report, registry: Registry) -> list[tuple[Position, str, float]]:
    """Each position's worth by base asset behind it."""
    return [
        (position, base, float(position.value) * part)
        for position in held(r)
        for base, part in registry.exposures(position.asset).items()
    ]


def name_of(r: Report, registry: Registry, base: str, among: list[tuple[Position, str, float]]) -> str:
    """A coin's symbol; with more where two coins held go by it."""
    coins = {registry.coin(other) for _, other, _ in among if r.symbols[other] == r.symbols[base]}
    if len(coins) < 2:
        return r.symbols[base]
    chains = {
        one["id"]: f"…{one['id'][-6:]}"
        if one["chain_id"] is None
        else CHAINS.get(one["chain_id"], f"chain {one['chain_id']}")
        for one in r.assets
    }
    known_by = {coin: chains.get(coin, coin) for coin in coins}
    mine = registry.coin(base)
    if list(known_by.values()).count(known_by[mine]) > 1:
        return f"{r.symbols[base]} (…{mine[-6:]})"
    return f"{r.symbols[base]} ({known_by[mine]})"


@page("Where value at risk comes from")
def contributions(r: Report, _: ViewData) -> Page:
    """Normal value at risk of today's mix, by the coins it stands for."""
    registry = registry_of(r)
    whole = float(sum(position.value for position in held(r)))
    if whole <= 0:
        return Page([])
    weights: dict[str, float] = {}
    symbols: dict[str, str] = {}
    parts = behind(r, registry)
    for _position, base, value in parts:
        coin = registry.coin(base)
        weights[coin] = weights.get(coin, 0.0) + value / whole
        symbols[coin] = name_of(r, registry, base, parts)
    moves = _coin_moves(r, registry)
    priced = {coin: weight for coin, weight in weights.items() if moves.get(coin)}
    days = sorted(set.intersection(*(set(moves[coin]) for coin in priced))) if priced else []
    if len(days) < 4:
        return Page([])
    centred = {coin: _centred([moves[coin][day] for day in days]) for coin in priced}
    mix = [math.fsum(weight * centred[coin][place] for coin, weight in priced.items()) for place in range(len(days))]
    sigma = math.sqrt(math.fsum(one * one for one in mix) / (len(days) - 1))
    z = NormalDist().inv_cdf(_TAIL)
    rows = []
    for coin, weight in priced.items():
        shared = math.fsum(a * b for a, b in zip(centred[coin], mix, strict=True)) / (len(days) - 1)
        marginal = -fmean(moves[coin][day] for day in days) - (shared / sigma if sigma else 0.0) * z
        rows.append({"symbol": symbols[coin], "weight": weight, "component": weight * marginal})
    total = math.fsum(row["component"] for row in rows)
    for row in rows:
        row["share"] = row["component"] / total if total else None
    rows.sort(key=lambda row: (-row["component"], row["symbol"]))
    return Page(rows, facts=[len(rows)])


def _centred(values: list[float]) -> list[float]:
    middle = fmean(values)
    return [value - middle for value in values]


def _coin_moves(r: Report, registry: Registry) -> dict[str, dict[date, float]]:
    """One-day returns of each coin, by the asset of it that is quoted most."""
    counts = Counter(row["asset_id"] for row in r.run.rows("market_data"))
    chosen: dict[str, str] = {}
    for _, base, _ in behind(r, registry):
        coin = registry.coin(base)
        best = chosen.setdefault(coin, base)
        if (-counts[base], base) < (-counts[best], best):
            chosen[coin] = base
    found: dict[str, dict[date, float]] = {}
    for coin, asset in chosen.items():
        closes = [(day, float(price)) for day, price in r.market.days(asset)]
        found[coin] = {
            day: now / before - 1 for (earlier, before), (day, now) in pairwise(closes) if day - earlier == DAY
        }
    return found


_WINDOW, _PAIRS = 90 * DAY, 10


@page("Change of correlations")
def correlation_changes(r: Report, _: ViewData) -> Page:
    """Ten pairs of coins whose correlation moved most, the last ninety days against the ninety before them."""
    registry, moves = registry_of(r), {}
    parts, own = behind(r, registry), _coin_moves(r, registry)
    for _position, base, _value in parts:
        if not registry.pegged(base):
            moves[registry.coin(base)] = own[registry.coin(base)], name_of(r, registry, base, parts)
    if len(moves) < 2:
        return Page([])
    end, found = r.end.date(), []
    for one, other in combinations(sorted(moves), 2):
        (first, first_name), (second, second_name) = moves[one], moves[other]
        days = sorted(day for day in first.keys() & second.keys() if end - 2 * _WINDOW <= day < end)
        windows = [[day for day in days if (day < end - _WINDOW) == early] for early in (True, False)]
        before, after = (_correlation([first[day] for day in part], [second[day] for day in part]) for part in windows)
        apart = (
            None
            if None in (before, after) or 1.0 in (abs(before), abs(after))
            else math.atanh(after) - math.atanh(before)
        )
        error = math.sqrt(math.fsum(1 / (len(part) - 3) for part in windows)) if apart is not None else None
        if days:
            found.append({
                "pair": f"{first_name} and {second_name}", "before": before, "after": after,
                "change": None if None in (before, after) else Sized(after - before, 1.0),
                "z": None if apart is None else Sized(apart / error, 1 / error),
            })  # fmt: skip
    # Pairs are in order of their coins' keys, and stay so where two changed alike or not at all.
    found.sort(key=lambda row: (row["change"] is None, -abs(row["change"] or 0.0)))
    return Page(found[:_PAIRS], facts=[90, 2])


def _correlation(xs: list[float], ys: list[float]) -> float | None:
    """Pearson's; None of fewer than thirty days, or where one side does not vary."""
    if len(xs) < 30 or min(max(xs) - min(xs), max(ys) - min(ys)) == 0:
        return None
    a, b = _centred(xs), _centred(ys)
    product = math.fsum(x * y for x, y in zip(a, b, strict=True))
    return max(-1.0, min(1.0, product / math.sqrt(math.fsum(x * x for x in a) * math.fsum(y * y for y in b))))


@page("Price shocks to the positions at the end of the week")
def shocks(r: Report, _: ViewData) -> Page:
    """Net value after the market, or one of the five largest coins, falls."""
    registry, parts = registry_of(r), behind(r, registry_of(r))
    free = [(base, value) for _, base, value in parts if not registry.pegged(base)]
    before = math.fsum(float(position.value) for position in held(r))
    if not free or before == 0:
        return Page([])
    sizes: dict[str, float] = {}
    symbols: dict[str, str] = {}
    for base, value in free:
        if not registry.opaque(base):
            sizes[registry.coin(base)] = sizes.get(registry.coin(base), 0.0) + value
            symbols[registry.coin(base)] = r.symbols[base]
    largest = sorted(sizes, key=lambda coin: (-abs(sizes[coin]), symbols[coin]))[:5]
    bases = {base for base, _ in free}
    tried = [(move, dict.fromkeys(bases, move)) for move in (-0.1, -0.3, -0.5)]
    tried += [(-0.3, dict.fromkeys((b for b in bases if registry.coin(b) == coin), -0.3)) for coin in largest]
    rows = []
    for move, moves in tried:
        after = math.fsum(float(one.value) * registry.growth(one.asset, moves) for one in held(r))
        rows.append({"move": move, "after": after, "ret": after / before - 1 if before > 0 else None})
    return Page(rows, facts=[len(rows)])


@page("Concentration")
def concentration(r: Report, _: ViewData) -> Page:
    """One over the sum of squared shares, by asset looked through, by chain and by protocol."""
    registry = registry_of(r)
    sizes: dict[str, dict[str, float]] = {"asset": {}, "chain": {}, "protocol": {}}
    parts = behind(r, registry)
    for _position, base, value in parts:
        name = name_of(r, registry, base, parts)
        sizes["asset"][name] = sizes["asset"].get(name, 0.0) + abs(value)
    for position in held(r):
        size = abs(float(position.value))
        sizes["chain"][position.chain] = sizes["chain"].get(position.chain, 0.0) + size
        if position.protocol is not None:
            sizes["protocol"][position.protocol] = sizes["protocol"].get(position.protocol, 0.0) + size
    whole = math.fsum(sizes["chain"].values())
    rows = []
    for dimension in ("asset", "chain", "protocol"):
        things = sizes[dimension]
        total = math.fsum(things.values())
        if things:
            rows.append({
                "dimension": dimension, "largest": max(things, key=lambda name: (things[name], name)),
                "effective_number": total**2 / math.fsum(size * size for size in things.values()),
                "largest_share": max(things.values()) / total, "covered": total / whole,
            })  # fmt: skip
    return Page(rows, facts=[1, len(rows)])


@page("Distance to liquidation")
def distance(r: Report, _: ViewData) -> Page:
    """What the platform measured at each day's end."""
    last: dict[date, Row] = {}
    for row in sorted(r.mine("risk_metrics"), key=lambda row: row["timestamp"]):
        last[row["timestamp"].date()] = row
    rows = [{"day": day, "liquidation_distance": row["liquidation_distance"]} for day, row in last.items()]
    levels = [row["liquidation_distance"] for row in rows]
    if not levels or all(level >= 1 for level in levels):
        return Page([])
    return Page(rows, facts=levels, dates=set(last), copied={"liquidation_distance"})


@page("Distance to liquidation by source")
def liquidation(r: Report, _: ViewData) -> Page:
    """The last distance, the cache's risk, and the protocols' risk."""
    rows = sorted(r.mine("risk_metrics"), key=lambda row: row["timestamp"])
    last = rows[-1] if rows else None
    # Where holdings are not known, neither is whether anything is owed; the cache speaks of now alone.
    debts = r.holdings.positions is None or any(position.kind == "borrowing" for position in held(r))
    cached = r.mine("redis_risk_liquidation") if r.holdings.platform else []
    when = last and last["timestamp"]
    return Page(
        [
            {"value": last["liquidation_distance"] if last and debts else None, "as_of": when},
            {"value": cached[0]["risk"] if cached else None, "as_of": None},
            {"value": last["protocol_risk_score"] if last else None, "as_of": when},
        ],
        facts=[3],
        copied={"value", "as_of"},
    )


def _by_severity(rows: list[Row]) -> list[int]:
    counts = Counter(row["severity"] for row in rows)
    return [counts[name] for name in ("low", "medium", "high", "critical")]


@page("Alerts of the last 13 weeks")
def timeline(r: Report, _: ViewData) -> Page:
    """Alerts raised in a quarter, oldest first."""
    rows = [row for row in r.all_alerts if r.end - QUARTER <= row["created_at"] < r.end]
    rows.sort(key=lambda row: (row["created_at"], row["id"]))
    return Page([{name: row[name] for name in ("created_at", "resolved_at")} for row in rows],
                facts=[*_by_severity(rows), 13], copied={"created_at", "resolved_at"})  # fmt: skip


@page("Alerts of the week, and older ones still open")
def alerts(r: Report, _: ViewData) -> Page:
    """Those of the week, and what was open at its end."""
    names = ("created_at", "acknowledged_at", "resolved_at")
    return Page([{name: row[name] for name in names} for row in r.alerts], facts=[len(r.alerts)], copied=set(names))


_RESAMPLES, _SEED = 500, 7
_EXTREMES = {"best_day", "worst_day"}


@page("Confidence intervals since inception")
def intervals(r: Report, view_data: ViewData) -> Page:
    """Each number, and the interval of its circular block bootstrap; only its order where it is not drawn again."""
    if not r.known:
        return Page([], facts=[1, 0])
    rows = []
    lows, highs = view_data.column("low"), view_data.column("high")
    chosen = [name for name, *_ in HEADLINE if name not in _EXTREMES]
    drawn = drawn_again(r, chosen) if r.draws else {}
    for place, name in enumerate(chosen):
        stated = least(name, r.known) and not (BASIS[name] == LINKED and r.unknown_days)
        value = metric(name, r.known) if stated else None
        low, high = (lows[place], highs[place]) if place < len(lows) else (None, None)
        if r.draws:
            low, high = drawn[name] if value is not None else (None, None)
        elif value is None or low is None or high is None or low > high:
            low = high = None
        rows.append({"value": value, "low": low, "high": high})
    return Page(rows, facts=[0.95, _RESAMPLES, _block(len(r.known)), len(rows)],
                checked=set() if r.draws else {"low", "high"})  # fmt: skip


def _block(n: int) -> int:
    return min(n, max(1, round(n ** (1 / 3))))


def drawn_again(r: Report, names: list[str]) -> dict[str, tuple[float | None, float | None]]:
    """Percentiles of each metric over histories laid of blocks of the real one, round its end (Kunsch; Politis)."""
    n, length = len(r.known), _block(len(r.known))
    chance, blocks = Random(_SEED), -(-n // length)  # noqa: S311 - a draw that must repeat, not a secret
    starts = [[chance.randrange(n) for _ in range(blocks)] for _ in range(_RESAMPLES)]
    found: dict[str, list[float]] = {name: [] for name in names}
    for begin in starts:
        order = [(start + step) % n for start in begin for step in range(length)][:n]
        history = [
            Known(one.day, r.known[place].ret, r.known[place].days) for one, place in zip(r.known, order, strict=True)
        ]
        for name in names:
            value = metric(name, history)
            if value is not None:
                found[name].append(value)
    return {name: _middle(values) for name, values in found.items()}


def _middle(values: list[float]) -> tuple[float | None, float | None]:
    """Where ninety-five in a hundred lie; nothing where most histories have no number."""
    if len(values) * 2 < _RESAMPLES:
        return None, None
    ordered = sorted(values)

    def at(part: float) -> float:
        place = part * (len(ordered) - 1)
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (place - low) * (ordered[high] - ordered[low])

    return at(0.025), at(0.975)
