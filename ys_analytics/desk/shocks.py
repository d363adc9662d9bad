"""Stress tests: positions and loans revalued after chosen price moves, episodes of the past or scenarios from a file.

Depends on look-through and `metrics.risk`; opens nothing.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import loans
from ys_analytics.desk.lookthrough import Registry, look_through, not_looked_through
from ys_analytics.errors import UsageError, file_errors
from ys_analytics.metrics.risk import EPISODES
from ys_analytics.metrics.risk.episode_moves import MOVES
from ys_analytics.schemas import unknown_name

# The name that stands for every asset without a peg in a scenario.
MARKET = "market"

_SHOCKED: dict[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "row": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "change": pl.Float64,
    "ret": pl.Float64,
    "health_before": pl.Float64,
    "health_after": pl.Float64,
    "note": pl.String,
}
_HEALTH = {"name": pl.String, "row": pl.String, "health_before": pl.Float64, "health_after": pl.Float64}
_REPLAYED: dict[str, pl.DataType | type[pl.DataType]] = {
    "episode": pl.String,
    "what": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "after": pl.Float64,
    "change": pl.Float64,
    "ret": pl.Float64,
    "covered": pl.Float64,
    "health": pl.Float64,
    "missing": pl.String,
    "reason": pl.String,
}
_SCENARIOS: dict[str, pl.DataType | type[pl.DataType]] = {
    "scenario": pl.String,
    "moves": pl.String,
    "before": pl.Float64,
    "after": pl.Float64,
    "change": pl.Float64,
    "ret": pl.Float64,
    "health": pl.Float64,
}


def moves_by_base(positions: pl.DataFrame, registry: Registry, moves: Mapping[str, float]) -> dict[str, float]:
    """The move of each asset behind what is held, from moves by symbol; "market" is all without a peg.

    A registered asset that is behind nothing held moves nothing.

    Raises:
        UsageError: a symbol is that of no base asset, or a move is less than a total loss.
    """
    bases = {base: None for asset in positions["asset_id"].unique().sort() for base in registry.exposures(asset)[0]}
    symbols: dict[str, list[str]] = {}
    for base in bases:
        symbols.setdefault(registry.symbol(base).lower(), []).append(base)
    base_moves = dict.fromkeys(bases, 0.0)
    for name, move in sorted(moves.items(), key=lambda item: item[0].lower() != MARKET):
        if not -1 <= move < float("inf"):
            raise UsageError(
                f"shock of {name!r} by {move}: a move is a fraction from -1, a total loss; -0.4 is minus 40 %"
            )
        if name.lower() == MARKET:
            base_moves |= {base: move for base in bases if not registry.is_pegged(base)}
            continue
        if name.lower() not in symbols and not registry.is_base(name):
            known = [MARKET, *sorted(registry.symbol(base) for base in bases)]
            raise unknown_name(name, known, what="asset behind what is held", listed="`desk.contributions()`")
        base_moves |= dict.fromkeys(symbols.get(name.lower(), ()), float(move))
    return base_moves


def shock(positions: pl.DataFrame, registry: Registry, moves: Mapping[str, float]) -> pl.DataFrame:
    """Each position before and after price moves, the net value, and the health of each loan.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for, and their liquidation thresholds.
        moves: By symbol, the move as a fraction; "market" for all without a peg. What is not named stands still;
            receipts, staked tokens and pool shares follow what they stand for.

    Returns:
        name, row String (position, net, loan), before, after, change Float64 in USD, ret Float64 (of a debt: of what is
        owed), health_before and health_after Float64 of a loan, note String: what could not be looked through. Empty
        where nothing is held.

    Raises:
        UsageError: a symbol is that of no base asset.
    """
    if positions.is_empty():
        return pl.DataFrame(schema=_SHOCKED)
    base_moves = moves_by_base(positions, registry, moves)
    growth = {asset: registry.look_through.growth(asset, base_moves) for asset in positions["asset_id"].unique().sort()}
    note = not_looked_through(look_through(positions, registry), registry)
    rows = positions.select(
        name=pl.format("{}, {}, {}", "symbol", pl.col("kind").str.replace_all("_", " "), "place"),
        row=pl.lit("position"),
        before=pl.col("value").cast(pl.Float64),
        growth=pl.col("asset_id").replace_strict(growth, return_dtype=pl.Float64),
    ).with_columns(after=pl.col("before") * pl.col("growth"))
    before, after = float(rows["before"].sum()), float(rows["after"].sum())
    net = pl.DataFrame({"name": ["Net value"], "row": ["net"], "before": [before], "after": [after]})
    table = pl.concat([rows.drop("growth"), net, _health(positions, registry, base_moves)], how="diagonal")
    return table.with_columns(
        change=pl.col("after") - pl.col("before"),
        ret=pl.when((pl.col("before") > 0) | ((pl.col("row") == "position") & (pl.col("before") != 0))).then(
            pl.col("after") / pl.col("before") - 1
        ),
        note=pl.when(pl.col("row") == "net").then(pl.lit(note, pl.String)),
    ).select(pl.col(name).cast(dtype) for name, dtype in _SHOCKED.items())


def _health(positions: pl.DataFrame, registry: Registry, base_moves: Mapping[str, float]) -> pl.DataFrame:
    """Health factor of each loan before and after."""
    sides = loans.sides(positions, registry)
    if sides.is_empty():
        return pl.DataFrame(schema=_HEALTH)
    growth = {asset: registry.look_through.growth(asset, base_moves) for asset in sides["asset"].unique()}
    after = sides.with_columns(pl.col("value") * pl.col("asset").replace_strict(growth, return_dtype=pl.Float64))
    states = [
        metrics.lending.loans(sides_then, by="place").select("place", "health_factor") for sides_then in (sides, after)
    ]
    return (
        states[0]
        .join(states[1], on="place", how="left", maintain_order="left", suffix="_after")
        .select(name="place", row=pl.lit("loan"), health_before="health_factor", health_after="health_factor_after")
    )


def replay(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Revalue today's positions with the price moves of each fixed episode of the past, looked through.

    The moves of coins are those stored with their source (`metrics.risk.episode_moves`); a coin without one of that
    episode stands still and is named. Receipts follow what they stand for, pool shares their curve.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for.

    Returns:
        episode, what String; start, end Date; after, change Float64 in USD, ret Float64 of net value (null where it is
        not above zero), covered Float64: the share of positions by size whose coins all have a move, health Float64:
        the least health factor of the loans after it, missing String: coins without a move, reason String where
        nothing is covered. Empty where nothing is held.
    """
    if positions.is_empty():
        return pl.DataFrame(schema=_REPLAYED)
    with_underlying = {asset: registry.exposures(asset)[0] for asset in positions["asset_id"].unique().sort()}
    bases = sorted({base for parts in with_underlying.values() for base in parts})
    net = float(positions["value"].sum())
    rows = []
    for episode in EPISODES:
        episode_moves = MOVES.get(episode.name, {})
        moves = {base: episode_moves.get(_coin_symbol(registry, base)) for base in bases}
        base_moves = {base: move or 0.0 for base, move in moves.items()}
        size = positions.select("asset_id", size=pl.col("value").abs().cast(pl.Float64)).rows()
        covered_value = sum(
            value for asset, value in size if all(moves[base] is not None for base in with_underlying[asset])
        )
        total = sum(value for _, value in size)
        growth = {asset: registry.look_through.growth(asset, base_moves) for asset in with_underlying}
        after = sum(float(value) * growth[asset] for asset, value in positions.select("asset_id", "value").rows())
        covered = covered_value / total if total else 0.0
        health = _health(positions, registry, base_moves)
        least_health = health["health_after"].min()
        missing = ", ".join(sorted({registry.symbol(base) for base in bases if moves[base] is None}))
        rows.append(
            {
                "episode": episode.name, "what": episode.description, "start": episode.start, "end": episode.end,
                "after": after if covered else None, "change": after - net if covered else None,
                "ret": after / net - 1 if covered and net > 0 else None, "covered": covered,
                "health": least_health if covered else None, "missing": missing or None,
                "reason": None if covered else "no coin held has a price of those days",
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_REPLAYED)


def _coin_symbol(registry: Registry, base: str) -> str:
    return {"WETH": "ETH", "WBTC": "BTC", "MATIC": "POL"}.get(registry.symbol(base), registry.symbol(base))


def read_scenarios(path: Path) -> dict[str, dict[str, float]]:
    """The owner's own scenarios: a TOML file with one table a scenario, `[name]` and `SYMBOL = move` lines.

    Raises:
        UsageError: it is no such file.
    """
    with file_errors(path):
        text = path.read_text(encoding="utf-8")
    try:
        parsed = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not a file of scenarios, {error}; write [name] and lines like ETH = -0.4") from None
    scenarios: dict[str, dict[str, float]] = {}
    for name, moves in parsed.items():
        is_moves = isinstance(moves, dict) and all(
            isinstance(move, int | float) and not isinstance(move, bool) for move in moves.values()
        )
        if not is_moves:
            raise UsageError(
                f"{path}: scenario {name!r} is no table of moves; write [{name}] and lines like ETH = -0.4"
            )
        scenarios[name] = {symbol: float(move) for symbol, move in moves.items()}
    return scenarios


def scenarios(
    positions: pl.DataFrame, registry: Registry, named_moves: Mapping[str, Mapping[str, float]]
) -> pl.DataFrame:
    """Net value and the least health of a loan after each scenario.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for.
        named_moves: By name, moves by symbol; what is behind nothing held moves nothing.

    Returns:
        scenario, moves String; before, after, change Float64 in USD, ret Float64, health Float64. Empty where nothing
        is held.
    """
    rows = []
    bases = {base for asset in positions["asset_id"].unique() for base in registry.exposures(asset)[0]}
    known = {MARKET, *(registry.symbol(base).lower() for base in bases)}
    for name, moves in named_moves.items() if positions.height else ():
        shocked = shock(
            positions, registry, {symbol: move for symbol, move in moves.items() if symbol.lower() in known}
        )
        net = shocked.row(by_predicate=pl.col("row") == "net", named=True)
        rows.append(
            {
                "scenario": name, "moves": ", ".join(f"{symbol} {move:+.0%}" for symbol, move in moves.items()),
                "before": net["before"], "after": net["after"], "change": net["change"], "ret": net["ret"],
                "health": shocked["health_after"].min(),
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=_SCENARIOS)
