"""Confidence intervals of metrics, by block bootstrap.

Days are drawn again in blocks, which keep the dependence between neighbours; the metrics are the
catalogue's own. The same seed draws the same days. Does not read a store, clock or setting.
"""

import random
from collections.abc import Iterable

import polars as pl

from ys_analytics.metrics.catalog import HEADLINE, Metric, fleet, summarise
from ys_analytics.metrics.histories import histories, in_order

_SEED = 7


def intervals(
    returns: pl.DataFrame | pl.LazyFrame,
    metrics: Iterable[Metric] = HEADLINE,
    *,
    resamples: int = 500,
    level: float = 0.95,
    block: int | None = None,
    seed: int = _SEED,
    by: str = "portfolio_id",
    risk_free: float = 0.0,
) -> pl.DataFrame:
    r"""Percentile interval of each metric over histories made of blocks of the real one.

    Each resample lays blocks of consecutive days end to end, round the end of the history, until
    it is as long; days keep their dates, so elapsed time stays what it was. A return over several days is drawn as
    one, and keeps how many it spans.

    Args:
        returns: As for `summarise`.
        metrics: What to compute.
        resamples: Number of histories drawn.
        level: Share of them the interval holds.
        block: Days in a block; the cube root of the number of days, rounded, when None.
        seed: Of the draws.
        by: The column that tells the portfolios apart.
        risk_free: Simple rate per year, as a fraction.

    Returns:
        One row per portfolio and metric, in the order of `summarise`: `by`, metric String, value, low,
        high, level Float64, resamples Int64 (histories in which the metric was defined), block Int64,
        reason String. Refused where `summarise` refuses, and where fewer than half the histories
        define the metric.

    Raises:
        ValueError: `level` is outside (0, 1), or `resamples` is not positive.
        ContractError: a portfolio has two returns for one day.

    Source:
        Kunsch (1989), Annals of Statistics 17(3); Politis and Romano (1992), circular blocks.

    >>> from datetime import date
    >>> day = pl.date_range(date(2025, 1, 1), date(2025, 2, 9), eager=True)
    >>> frame = pl.DataFrame({"portfolio_id": "a", "day": day, "ret": [0.01, -0.01] * 20})
    >>> intervals(frame, HEADLINE[:1], resamples=50).select("low", "high").row(0) == intervals(
    ...     frame, HEADLINE[:1], resamples=50
    ... ).select("low", "high").row(0)
    True
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, as 0.95, not {level}")
    if resamples < 1:
        raise ValueError(f"resamples must be positive, not {resamples}")
    metric_list = tuple(metrics)
    plain = histories(returns, by=by).collect()
    point = summarise(plain, metric_list, by=by, risk_free=risk_free).select(by, "metric", "value", "n", "reason")
    valid_rows = in_order(plain, by=by).collect()
    bounds = [
        _bounds(
            history, metric_list, resamples=resamples, level=level, block=block, seed=seed, risk_free=risk_free
        ).with_columns(pl.lit(name, plain.schema[by]).alias(by))
        for (name,), history in valid_rows.partition_by(by, as_dict=True, maintain_order=True).items()
    ]
    resampled = pl.concat(bounds) if bounds else point.clear().select(by, "metric", *_empty())
    too_few = pl.col("resamples").fill_null(0) * 2 < resamples
    not_computed = pl.col("value").is_null() | too_few
    return (
        point.join(resampled, on=[by, "metric"], how="left", maintain_order="left")
        .with_columns(
            level=pl.lit(level),
            reason=pl.when(pl.col("reason").is_null() & too_few)
            .then(pl.lit("undefined in most of the drawn histories"))
            .otherwise("reason"),
            **{side: pl.when(~not_computed).then(pl.col(side)) for side in ("low", "high")},
        )
        .select(by, "metric", "value", "low", "high", "level", "resamples", "block", "reason")
    )


_BOUNDS: dict[str, type[pl.DataType]] = {
    "metric": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "resamples": pl.Int64,
    "block": pl.Int64,
}


def _empty() -> list[pl.Expr]:
    return [pl.lit(None, kind).alias(name) for name, kind in _BOUNDS.items() if name != "metric"]


def _bounds(
    history: pl.DataFrame,
    metrics: tuple[Metric, ...],
    *,
    resamples: int,
    level: float,
    block: int | None,
    seed: int,
    risk_free: float,
) -> pl.DataFrame:
    n = history.height
    length = min(n, block or max(1, round(n ** (1 / 3))))
    rows = _resampled_rows(n, length=length, resamples=resamples, seed=seed)
    finite = [name for name in ("ret", "days", "benchmark") if name in history.columns]
    complete_blocks = history.select(finite)[rows]
    resampled = complete_blocks.with_columns(
        history=pl.int_range(len(rows), eager=True) // n, day=pl.concat([history["day"]] * resamples)
    )
    names = [metric.name for metric in metrics]
    tail = (1 - level) / 2
    columns = fleet(resampled, metrics, by="history", risk_free=risk_free).select(names)
    return pl.DataFrame(
        {
            "metric": names,
            "low": [columns[name].quantile(tail, "linear") for name in names],
            "high": [columns[name].quantile(1 - tail, "linear") for name in names],
            "resamples": [columns[name].count() for name in names],
            "block": [length] * len(names),
        },
        schema=_BOUNDS,
    )


def _resampled_rows(n: int, *, length: int, resamples: int, seed: int) -> pl.Series:
    """Row numbers of all resamples, end to end: starts by chance, then the days that follow each."""
    generator = random.Random(seed)  # noqa: S311 - a draw that must repeat, not a secret
    blocks = -(-n // length)
    starts = pl.DataFrame({"start": [generator.randrange(n) for _ in range(blocks * resamples)]})
    steps = pl.DataFrame({"step": range(length)})
    rows = starts.join(steps, how="cross", maintain_order="left_right")
    complete_blocks = rows.select((pl.col("start") + pl.col("step")) % n).to_series()
    # The last block of a resample is cut where the history is full.
    place = pl.int_range(len(complete_blocks), eager=True) % (blocks * length)
    return complete_blocks.filter(place < n)
