"""Move that would liquidate each loan, a second time: moves after which backing and debt are worth the same."""

from collections.abc import Callable
from typing import Any

from .pages import Page, ViewData, page
from .pages_holdings import held
from .pages_risk import registry_of
from .plain_holdings import Position
from .plain_ledger import said
from .plain_lookthrough import Registry
from .plain_run import Report

_DEBT = "borrowing"
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


@page("Move that would liquidate each loan")
def loans(r: Report, _: ViewData) -> Page:
    """The market's move, and that of each asset behind a loan, after which its health is 1."""
    registry, rows, facts = registry_of(r), [], []
    for loan in loans_of(r).values():
        backed = [one for one in loan if one.kind == _DEBT or _threshold(registry, one)]
        bases = sorted({base for one in backed for base in registry.exposures(one.asset) if not registry.pegged(base)})
        _, backing, debt = _worths(registry, loan, {})
        facts.append(1 - debt / backing if backing else None)
        for moving in (bases, *([base] for base in bases)):

            def left(move: float, moving: list[str] = moving, loan: list[Position] = loan) -> float:
                _, after, owed = _worths(registry, loan, dict.fromkeys(moving, move))
                return after - owed

            apart = backing > debt and moving
            move = (_first(left, _FALLS) or _first(left, _RISES)) if apart else None
            price = None if moving is bases else registry.prices.get(moving[0])
            rows.append({
                "health_factor": backing / debt if backing else None, "move": move, "price": price,
                "liquidation_price": price * (1 + move) if price and move is not None else None,
            })  # fmt: skip
    return Page(rows, facts=[*facts, len(rows)])


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
