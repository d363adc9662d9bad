"""The numbers on loans and past episodes, a second time: what backs and owes, and what is left of it after moves.

Of the kit it takes the stored moves of past episodes alone: facts, which tests/metrics compares with prices.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import stdev
from typing import Any

from ys_analytics.metrics.risk.episode_moves import MOVES

from .comparing import Sized
from .pages import Page, ViewData, page
from .pages_holdings import held, net
from .pages_risk import registry_of
from .plain_holdings import Position
from .plain_ledger import said
from .plain_lookthrough import Registry
from .plain_market import DAY
from .plain_run import Report

_DEBT = "borrowing"
# Fewer daily returns give no standard deviation.
_SAMPLE = 30
_STEPS = tuple(-step / 10 for step in range(8))


def loans_of(r: Report) -> dict[str, list[Position]]:
    """Positions by the protocol and chain that lent something."""
    found: dict[str, list[Position]] = {}
    for one in held(r):
        if one.protocol is not None:
            found.setdefault(f"{one.protocol}, {one.chain}", []).append(one)
    return {place: found[place] for place in sorted(found) if any(one.kind == _DEBT for one in found[place])}


def _threshold(registry: Registry, one: Position) -> float:
    return float(said(registry.assets[one.asset]).get("liquidation_threshold") or 0.0)


def _worths(registry: Registry, loan: list[Position], moves: dict[str, float]) -> tuple[float, float, float]:
    """Collateral, what it backs, and what is owed, after moves of base assets."""
    collateral = backing = debt = 0.0
    for one in loan:
        worth = abs(float(one.value)) * registry.growth(one.asset, moves)
        if one.kind == _DEBT:
            debt += worth
        elif threshold := _threshold(registry, one):
            collateral += worth
            backing += worth * threshold
    return collateral, backing, debt


def _first(left: Callable[[float], float], moves: list[float]) -> float | None:
    """The first move at which nothing is left, by halving between the first two that differ."""
    good = 0.0
    for move in moves:
        if left(move) < 0:
            bad = move
            for _ in range(200):
                middle = (good + bad) / 2
                good, bad = (good, middle) if left(middle) < 0 else (middle, bad)
            return bad
        good = move
    return None


_FALLS = [-step / 200 for step in range(1, 200)] + [-1 + 1e-9]
_RISES = [1.05**step - 1 for step in range(1, 280)]


@dataclass(frozen=True)
class Point:
    """The move of a base asset, or of all together, after which a loan's health is 1: None where there is none."""

    place: str
    base: str | None
    health: float | None
    move: float | None
    price: float | None


def points(r: Report) -> list[Point]:
    """Each loan's: of the market first, then of each asset behind it."""
    registry, found = registry_of(r), []
    for place, loan in loans_of(r).items():
        backed = [one for one in loan if one.kind == _DEBT or _threshold(registry, one)]
        bases = sorted({base for one in backed for base in registry.exposures(one.asset) if not registry.pegged(base)})
        _, backing, debt = _worths(registry, loan, {})
        for moving in (bases, *([base] for base in bases)):

            def left(move: float, moving: list[str] = moving, loan: list[Position] = loan) -> float:
                _, after, owed = _worths(registry, loan, dict.fromkeys(moving, move))
                return after - owed

            apart = backing > debt and moving
            move = (_first(left, _FALLS) or _first(left, _RISES)) if apart else None
            price = None if moving is bases else registry.prices.get(moving[0])
            health = backing / debt if backing else None
            found.append(Point(place, None if moving is bases else moving[0], health, move, price))
    return found


@page("Move that would liquidate each loan")
def loans(r: Report, _: ViewData) -> Page:
    """The market's move, and that of each asset behind a loan, after which its health is 1."""
    rows = [
        {"health_factor": one.health, "move": one.move, "price": one.price,
         "liquidation_price": one.price * (1 + one.move) if one.price and one.move is not None else None}
        for one in points(r)
    ]  # fmt: skip
    healths = {row["health_factor"] for row in rows} - {None}
    return Page(rows, facts=[*(1 - 1 / health for health in healths), len(rows)])


@page("Time to act")
def time_to_act(r: Report, _: ViewData) -> Page:
    """Each asset's move against its last ninety daily returns, and the fewest days in which a year had such a move."""
    rows, facts = [], [90, _SAMPLE]
    for one in points(r):
        if one.base is None or one.price is None or one.move is None:
            continue
        closes = _unbroken(r, one.base)
        rets = [now / before - 1 for before, now in pairwise(closes)][-90:]
        usual = (stdev(rets) or None) if len(rets) >= _SAMPLE else None
        rows.append({
            "place": one.place, "what": r.symbols[one.base], "move": one.move, "volatility": usual,
            "deviations": None if usual is None else abs(one.move) / usual,
            "fastest": _fastest(closes, one.move) if len(closes) > _SAMPLE else None,
        })  # fmt: skip
        facts.append(len(closes))
    return Page(rows, facts=facts)


def _unbroken(r: Report, asset: str) -> list[float]:
    """Its closes of the last year, from the last day without one on."""
    found: list[float] = []
    before = None
    for day, price in r.market.days(asset):
        if r.end.date() - 365 * DAY <= day < r.end.date():
            found = [*found, float(price)] if before is None or day - before == DAY else [float(price)]
            before = day
    return found


def _fastest(closes: list[float], move: float) -> int | None:
    """The fewest days from one close to another that is at least so far from it."""
    for days in range(1, len(closes)):
        gone = [now / before - 1 for before, now in zip(closes, closes[days:], strict=False)]
        if (min(gone) <= move + 1e-12) if move < 0 else (max(gone) >= move - 1e-12):
            return days
    return None


@page("Liquidation thresholds")
def thresholds(r: Report, _: ViewData) -> Page:
    """What backs each loan, and the part of it that counts, with its source and day, as the registry states them."""
    rows = []
    for place, loan in loans_of(r).items():
        supplied = [one for one in loan if one.kind != _DEBT]
        for one in sorted(supplied, key=lambda one: (-abs(one.value), one.symbol)):
            stated = said(next(asset for asset in r.assets if asset["id"] == one.asset))
            rows.append({
                "place": place, "symbol": one.symbol, "value": abs(one.value),
                "threshold": stated.get("liquidation_threshold"),
                "source": stated.get("liquidation_threshold_source"),
                "as_of": stated.get("liquidation_threshold_as_of"),
            })  # fmt: skip
    return Page(rows, copied={"threshold", "source", "as_of"})


@page("Health factor as the market falls")
def ladder(r: Report, _: ViewData) -> Page:
    """Collateral, debt and health at each step."""
    registry, rows = registry_of(r), []
    for loan in loans_of(r).values():
        if not any(_threshold(registry, one) for one in loan if one.kind != _DEBT):
            continue
        bases = {base for one in loan for base in registry.exposures(one.asset) if not registry.pegged(base)}
        for step in _STEPS:
            collateral, backing, debt = _worths(registry, loan, dict.fromkeys(bases, step))
            row: dict[str, Any] = {"step": step, "collateral": collateral, "borrowed": debt}
            rows.append({**row, "health_factor": backing / debt if debt else None})
    return Page(rows, facts=[1, len(rows)])


# Coins by other names: wrapped, or before they were renamed.
_SAME = {"WETH": "ETH", "WBTC": "BTC", "MATIC": "POL"}


@page("Historical stress episodes on the positions at the end of the week")
def replays(r: Report, view_data: ViewData) -> Page:
    """Each position's worth after the stored moves of what stands behind it."""
    if not held(r):
        return Page([])
    registry = registry_of(r)
    whole = float(net(r))
    rows = []
    for name in view_data.column("episode"):
        moves = {asset["id"]: MOVES[name].get(_SAME.get(asset["symbol"], asset["symbol"])) for asset in r.assets}
        jumps = {asset: move or 0.0 for asset, move in moves.items()}
        after = math.fsum(float(one.value) * registry.growth(one.asset, jumps) for one in held(r))
        size = math.fsum(abs(float(one.value)) for one in held(r))
        seen = math.fsum(abs(float(one.value)) for one in held(r)
                         if all(moves[base] is not None for base in registry.exposures(one.asset)))  # fmt: skip
        rows.append({
            "episode": name, "change": Sized(after - whole, size) if seen else None,
            "ret": Sized(after / whole - 1, 1.0) if seen and whole > 0 else None,
            "health": _least_health(r, registry, jumps) if seen else None, "covered": seen / size if size else 0.0,
        })  # fmt: skip
    return Page(rows)


def _least_health(r: Report, registry: Registry, jumps: dict[str, float]) -> float | None:
    found = []
    for loan in loans_of(r).values():
        _, backing, debt = _worths(registry, loan, jumps)
        if debt > 0:
            found.append(backing / debt)
    return min(found, default=None)
