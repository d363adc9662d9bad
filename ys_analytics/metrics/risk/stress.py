"""Stress tests of today's positions: replayed episodes of DeFi's past, and shocks of any size.

The episodes have fixed dates, so a report printed again says the same. Does not read a store, clock or setting.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from ys_analytics.metrics.growth import total_return
from ys_analytics.metrics.lookthrough import LookThrough
from ys_analytics.metrics.sample import as_loss
from ys_analytics.metrics.spans import spanning


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of days the market remembers.

    Attributes:
        name: For people.
        start: First day whose return belongs to it.
        end: Last such day.
        description: What happened, in a clause.
    """

    name: str
    start: date
    end: date
    description: str


EPISODES: tuple[Episode, ...] = (
    Episode("Black Thursday", date(2020, 3, 12), date(2020, 3, 13), "liquidations at zero bids while gas soared"),
    Episode("May 2021", date(2021, 5, 12), date(2021, 5, 23), "leverage unwound after mining was banned in China"),
    Episode("Terra", date(2022, 5, 7), date(2022, 5, 13), "UST lost its peg and LUNA went to nothing"),
    Episode("stETH and Celsius", date(2022, 6, 10), date(2022, 6, 18), "stETH left par, Celsius froze, 3AC failed"),
    Episode("FTX", date(2022, 11, 6), date(2022, 11, 14), "an exchange failed within nine days"),
    Episode("USDC depeg", date(2023, 3, 10), date(2023, 3, 13), "reserves at SVB; USDC and DAI traded at 0.88"),
    Episode("Curve exploit", date(2023, 7, 30), date(2023, 8, 4), "a compiler's fault drained pools of CRV"),
    Episode("August 2024", date(2024, 8, 2), date(2024, 8, 5), "the yen carry trade unwound"),
    Episode("October 2025", date(2025, 10, 10), date(2025, 10, 11), "the largest day of liquidations so far"),
)


def stress_replay(
    positions: pl.DataFrame,
    returns: pl.DataFrame,
    *,
    episodes: tuple[Episode, ...] = EPISODES,
    through: LookThrough | None = None,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """What each portfolio's positions of today would have made in each episode.

    Args:
        positions: `by`, asset String, value (USD; a debt is negative).
        returns: asset String, day Date, ret Float64, and perhaps days Int64, as far back as there is.
        episodes: What to replay.
        through: What the assets stand for: then `returns` are of what is behind them, and a position is covered
            where all that is behind it is. Without it each asset needs returns of its own.
        by: The column that tells the portfolios apart.

    Returns:
        One row per portfolio and episode, in the episodes' order: `by`, episode String, start, end
        Date, loss Float64 in USD (positive: money lost), ret Float64 of the net value, covered Float64:
        the share of positions by size whose asset has returns that cover every day of it, and reason String.
        What is not covered is taken to stand still; with nothing covered there is no number.

    >>> positions = pl.DataFrame({"portfolio_id": "a", "asset": ["x"], "value": [100.0]})
    >>> returns = pl.DataFrame({"asset": "x", "day": [date(2020, 3, 12), date(2020, 3, 13)], "ret": [-0.5, 0.0]})
    >>> stress_replay(positions, returns, episodes=EPISODES[:1]).select("loss", "ret", "covered").row(0)
    (50.0, -0.5, 1.0)
    """
    moves = [_moves(returns, episode) for episode in episodes]
    if through is not None:
        moves = [
            _moved_through(episode_table, positions["asset"].unique().sort().to_list(), through)
            for episode_table in moves
        ]
    order = pl.DataFrame(
        {
            "episode": [episode.name for episode in episodes],
            "start": [episode.start for episode in episodes],
            "end": [episode.end for episode in episodes],
        },
        schema={"episode": pl.String, "start": pl.Date, "end": pl.Date},
    ).with_row_index("place")
    value = pl.col("value").cast(pl.Float64)
    weights = positions.select(by, "asset", value=value)
    table = (
        weights.join(order, how="cross")
        .join(pl.concat(moves), on=["asset", "episode"], how="left")
        .group_by(by, "place", "episode", "start", "end", maintain_order=True)
        .agg(
            loss=as_loss((pl.col("value") * pl.col("move")).sum()),
            net=pl.col("value").sum(),
            moved=pl.col("value").abs().filter(pl.col("move").is_not_null()).sum(),
            size=pl.col("value").abs().sum(),
        )
        .sort(by, "place")
    )
    covered = pl.when(pl.col("size") > 0).then(pl.col("moved") / pl.col("size"))
    covered_assets = covered.fill_null(0.0) > 0
    return table.select(
        by,
        "episode",
        "start",
        "end",
        loss=pl.when(covered_assets).then("loss"),
        ret=pl.when(covered_assets & (pl.col("net") > 0)).then(as_loss(pl.col("loss") / pl.col("net"))),
        covered=covered,
        reason=pl.when(~covered_assets).then(pl.lit("no position has a price in those days")),
    )


def _moves(returns: pl.DataFrame, episode: Episode) -> pl.DataFrame:
    days = (episode.end - episode.start).days + 1
    in_episode = spanning(returns, by="asset").filter(pl.col("day").is_between(episode.start, episode.end))
    covered = (pl.col("day") - pl.col("begun")).dt.total_days() + 1
    return (
        # A return that begins before the episode cannot be divided: its asset is not covered.
        in_episode.group_by("asset", maintain_order=True)
        .agg(move=total_return(pl.col("ret")), covered=covered.sum(), begun=pl.col("begun").min())
        .filter(pl.col("covered") == days, pl.col("begun") >= episode.start)
        .select("asset", "move", episode=pl.lit(episode.name))
    )


def _moved_through(moves: pl.DataFrame, assets: list[str], through: LookThrough) -> pl.DataFrame:
    """Moves of assets, from those of what is behind them; none where one of these has none."""
    known = dict(moves.select("asset", "move").iter_rows())
    covered = [asset for asset in assets if known.keys() >= through.exposures(asset).keys()]
    asset_moves = {"asset": covered, "move": [through.growth(asset, known) - 1 for asset in covered]}
    return pl.DataFrame(asset_moves, schema={"asset": pl.String, "move": pl.Float64}).with_columns(
        episode=pl.lit(moves["episode"][0] if moves.height else None, pl.String)
    )


def shock(
    positions: pl.DataFrame,
    *,
    shocks: Mapping[str, float],
    default: float = 0.0,
    through: LookThrough | None = None,
    by: str = "portfolio_id",
) -> pl.DataFrame:
    """What today's positions would be worth after prices jump.

    Args:
        positions: `by`, asset String, value (USD; a debt is negative).
        shocks: By asset, the jump as a fraction: -0.3 is a fall of thirty per cent.
        default: The jump of every other asset.
        through: What the assets stand for: then `shocks` are of what is behind them, and a share of a pool is
            revalued along the pool's curve. Without it each asset stands for itself.
        by: The column that tells the portfolios apart.

    Returns:
        One row per portfolio, sorted: `by`, before, after, loss Float64 in USD (positive: money lost),
        ret Float64, null when nothing was there before.

    >>> positions = pl.DataFrame({"portfolio_id": "a", "asset": ["ETH", "USDC"], "value": [100.0, -50.0]})
    >>> shock(positions, shocks={"ETH": -0.25}).row(0)
    ('a', 50.0, 25.0, 25.0, -0.5)
    """
    jumps = dict(shocks)
    if through is not None:
        weights = positions["asset"].unique().sort().to_list()
        jumps = {base: jumps.get(base, default) for asset in weights for base in through.exposures(asset)}
        jumps = {asset: through.growth(asset, jumps) - 1 for asset in weights}
    jump = pl.col("asset").replace_strict(jumps, default=default, return_dtype=pl.Float64)
    value = pl.col("value").cast(pl.Float64)
    net = pl.col("before")
    return (
        positions.group_by(by, maintain_order=True)
        .agg(before=value.sum(), after=(value * (jump + 1)).sum())
        .with_columns(loss=net - pl.col("after"))
        .with_columns(ret=pl.when(net > 0).then(as_loss(pl.col("loss") / net)))
        .sort(by)
    )
