"""What the metrics bench measures: ours and its peers, each a function of one frame of daily returns.

Every subject computes the same dozen numbers of every portfolio and gives back the mean Sharpe ratio, so
that the bench can see they did the same work. A peer that is not installed raises ImportError.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from benchmarks.metrics_sql import clickhouse_sql, duckdb_sql, pushed_down
from ys_analytics import metrics

if TYPE_CHECKING:
    import pandas as pd

START = np.datetime64("2024-01-01")
YEAR = 365
WINDOW = 30


def returns(portfolios: int, days: int) -> pl.DataFrame:
    """Daily returns of many portfolios, sorted, the same on every machine; and those of a benchmark."""
    random_state = np.random.default_rng(7)
    dates = pl.Series(START + np.arange(days)).cast(pl.Date)
    names = pl.Series([f"{place:032x}" for place in range(portfolios)])
    market = random_state.normal(0.0005, 0.02, days)
    return pl.DataFrame(
        {
            "portfolio_id": names.gather(np.repeat(np.arange(portfolios), days)),
            "day": dates.gather(np.tile(np.arange(days), portfolios)),
            "ret": random_state.normal(0.0005, 0.03, portfolios * days),
            "benchmark": np.tile(market, portfolios),
        }
    )


def ours(data: pl.DataFrame) -> float:
    """One row a portfolio: the dozen with their n, coverage and window, and the reason where one is refused."""
    return metrics.catalog.with_reasons(metrics.fleet(data))["sharpe_ratio"].mean()


def ours_long(data: pl.DataFrame) -> float:
    """One row a number: the same, and the dates it happened on, began and ended."""
    table = metrics.summarise(data)
    return table.filter(metric="sharpe_ratio")["value"].mean()


def bare_polars(data: pl.DataFrame) -> float:
    """The dozen and nothing else, on the sorted long frame, as one would write it."""
    r, day = pl.col("ret"), pl.col("day")
    wealth = (r + 1).cum_prod()
    deepest = (wealth / wealth.cum_max() - 1).min()
    edge = r.quantile(0.05, "linear")
    growth = (r + 1).product() ** (YEAR / ((day.max() - day.min()).dt.total_days() + 1)) - 1
    table = (
        data.lazy()
        .group_by("portfolio_id", maintain_order=True)
        .agg(
            total_return=(r + 1).product() - 1,
            cagr=growth,
            volatility=r.std() * YEAR**0.5,
            sharpe_ratio=r.mean() / r.std() * YEAR**0.5,
            sortino_ratio=r.mean() / (r.clip(upper_bound=0) ** 2).mean().sqrt() * YEAR**0.5,
            max_drawdown=deepest,
            calmar_ratio=growth / -deepest,
            value_at_risk=-edge,
            expected_shortfall=-r.filter(r <= edge).mean(),
            best_day=r.max(),
            worst_day=r.min(),
            win_rate=(r > 0).mean(),
        )
        .collect()
    )
    return table["sharpe_ratio"].mean()


def pandas_groups(data: pl.DataFrame) -> float:
    """Grouped columns where pandas has them, a running product for the drawdown."""
    import pandas as pd

    frame = pd.DataFrame({name: data[name].to_numpy() for name in ("portfolio_id", "ret")})
    frame["portfolio_id"] = frame["portfolio_id"].astype("category")
    frame["down"], frame["grown"] = frame["ret"].clip(upper=0) ** 2, frame["ret"] + 1
    groups = frame.groupby("portfolio_id", sort=False, observed=True)
    ret = groups["ret"]
    mean, risk, edge = ret.mean(), ret.std(), ret.quantile(0.05)
    frame["wealth"] = groups["grown"].cumprod()
    peak = frame.groupby("portfolio_id", sort=False, observed=True)["wealth"].cummax()
    frame["depth"] = frame["wealth"] / peak - 1
    deepest = frame.groupby("portfolio_id", sort=False, observed=True)["depth"].min()
    growth = groups["grown"].prod() ** (YEAR / len(data) * len(mean)) - 1
    beyond = frame[frame["ret"] <= frame["portfolio_id"].map(edge).astype(float)]
    shortfall = -beyond.groupby("portfolio_id", sort=False, observed=True)["ret"].mean()
    wins = (frame["ret"] > 0).groupby(frame["portfolio_id"], sort=False, observed=True).mean()
    _ = (growth / -deepest, shortfall, wins, ret.max(), ret.min(), mean / groups["down"].mean() ** 0.5)
    return float((mean / risk * YEAR**0.5).mean())


def numpy_naive(data: pl.DataFrame) -> float:
    """The same on the whole matrix at once, as one writes it first."""
    return _numpy(_matrix(data))


def numpy_blocks(data: pl.DataFrame) -> float:
    """A ready wide matrix, in blocks that stay in the cache."""
    matrix = _matrix(data)
    blocks = [matrix[begin : begin + 100] for begin in range(0, len(matrix), 100)]
    return float(np.average([_numpy(block) for block in blocks], weights=[len(block) for block in blocks]))


def _matrix(data: pl.DataFrame) -> np.ndarray:
    return data["ret"].to_numpy().reshape(-1, data["day"].n_unique())


def _numpy(returns: np.ndarray) -> float:
    days = returns.shape[1]
    wealth = np.cumprod(returns + 1, axis=1)
    peak = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    deepest = (wealth / peak - 1).min(axis=1)
    growth = wealth[:, -1] ** (YEAR / days) - 1
    mean, risk = returns.mean(axis=1), returns.std(axis=1, ddof=1)
    downside = np.sqrt((np.minimum(returns, 0) ** 2).mean(axis=1))
    edge = np.quantile(returns, 0.05, axis=1)
    beyond = returns <= edge[:, None]
    shortfall = -np.where(beyond, returns, 0).sum(axis=1) / beyond.sum(axis=1)
    _ = (returns.max(axis=1), returns.min(axis=1), (returns > 0).mean(axis=1))
    _ = (
        wealth[:, -1] - 1,
        risk * YEAR**0.5,
        growth / -deepest,
        mean / downside * YEAR**0.5,
        -edge,
        shortfall,
    )
    return float((mean / risk * YEAR**0.5).mean())


def empyrical_loop(data: pl.DataFrame) -> float:
    """One portfolio after another, as Series, as the library's own pages do it."""
    import empyrical

    found_rows = []
    for ret in _series(data):
        found_rows.append(empyrical.sharpe_ratio(ret, annualization=YEAR))
        empyrical.cum_returns_final(ret), empyrical.annual_return(ret, annualization=YEAR)
        empyrical.annual_volatility(ret, annualization=YEAR), empyrical.sortino_ratio(ret, annualization=YEAR)
        empyrical.max_drawdown(ret), empyrical.calmar_ratio(ret, annualization=YEAR)
        empyrical.value_at_risk(ret), empyrical.conditional_value_at_risk(ret), ret.max(), ret.min()
        (ret > 0).mean()
    return float(np.mean(found_rows))


def quantstats_loop(data: pl.DataFrame) -> float:
    """One portfolio after another, as the library is made."""
    from quantstats import stats

    found_rows = []
    for ret in _series(data):
        found_rows.append(stats.sharpe(ret, periods=YEAR))
        for number in (stats.comp, stats.max_drawdown, stats.value_at_risk, stats.cvar, stats.best, stats.worst):
            number(ret)
        stats.cagr(ret, periods=YEAR), stats.volatility(ret, periods=YEAR), stats.win_rate(ret)
        stats.sortino(ret, periods=YEAR), stats.calmar(ret, periods=YEAR)
    return float(np.mean(found_rows))


def ffn_loop(data: pl.DataFrame) -> float:
    """One path of prices after another; the library computes its forty-odd numbers or none."""
    import ffn
    import pandas as pd

    found_rows = []
    for ret in _series(data):
        first = pd.Series([1.0], index=[ret.index[0] - pd.Timedelta(days=1)])
        prices = pd.concat([first, (ret + 1).cumprod()])
        found_rows.append(ffn.PerformanceStats(prices, annualization_factor=YEAR).stats["daily_sharpe"])
    return float(np.mean(found_rows))


def _series(data: pl.DataFrame) -> Iterator["pd.Series"]:
    """Each portfolio's returns as the libraries take them, cut out of the long frame in the fastest way found."""
    import pandas as pd

    for part in data.partition_by("portfolio_id", maintain_order=True):
        yield pd.Series(part["ret"].to_numpy(), index=pd.DatetimeIndex(part["day"].to_numpy()))


def ours_rolling(data: pl.DataFrame) -> float:
    """The table of every portfolio, no window over a border."""
    return metrics.rolling(data, window=WINDOW)["volatility"].mean()


def _forms() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    r, b = pl.col("ret"), pl.col("benchmark")
    risk = r.rolling_std(WINDOW)
    slope = pl.rolling_cov(r, b, window_size=WINDOW) / b.rolling_var(WINDOW)
    return risk * YEAR**0.5, r.rolling_mean(WINDOW) / risk * YEAR**0.5, slope


def polars_rolling_flat(data: pl.DataFrame) -> float:
    """The best Polars form found: end to end, then masked where a window crosses a border."""
    risk, sharpe, slope = _forms()
    place = pl.col("portfolio_id").rle_id()
    whole = place == place.shift(WINDOW - 1)
    table = data.lazy().select(
        "portfolio_id",
        "day",
        risk=pl.when(whole).then(risk),
        sharpe=pl.when(whole).then(sharpe),
        beta=pl.when(whole).then(slope),
    )
    return table.collect()["risk"].mean()


def polars_rolling_over(data: pl.DataFrame) -> float:
    """The usual form: each expression over its portfolio."""
    risk, sharpe, slope = (form.over("portfolio_id") for form in _forms())
    return data.lazy().select("portfolio_id", "day", risk=risk, sharpe=sharpe, beta=slope).collect()["risk"].mean()


def ours_everything(data: pl.DataFrame) -> float:
    """The whole catalogue, those against the benchmark included."""
    table = metrics.summarise(data, metrics.ALL)
    return table.filter(metric="sharpe_ratio")["value"].mean()


@dataclass(frozen=True, slots=True)
class Subject:
    """Who computes, and how.

    Attributes:
        compute: From the frame of returns to the mean Sharpe ratio.
        every: Every how-manieth portfolio is computed, and the time scaled up.
        placed: For who keeps rows in a store: puts them there, and gives what asks; instead of `compute`.
    """

    compute: Callable[[pl.DataFrame], float] | None = None
    every: int = 1
    placed: Callable[[pl.DataFrame], AbstractContextManager[Callable[[], float]]] | None = None

    @contextmanager
    def ready(self, data: pl.DataFrame) -> Iterator[Callable[[], float]]:
        """What to time."""
        if self.placed is not None:
            with self.placed(data) as arguments:
                yield arguments
        else:
            yield lambda: self.compute(data)


SUBJECTS: dict[str, dict[str, Subject]] = {
    "A dozen headline metrics": {
        "ours": Subject(ours),
        "ours, a row each, with dates": Subject(ours_long),
        "bare Polars": Subject(bare_polars),
        "NumPy, ready and blocked": Subject(numpy_blocks),
        "NumPy, ready and naive": Subject(numpy_naive),
        "ClickHouse SQL, in process": Subject(placed=clickhouse_sql),
        "ours as ClickHouse SQL, from snapshots": Subject(placed=pushed_down),
        "pandas": Subject(pandas_groups),
        "DuckDB": Subject(placed=duckdb_sql),
        "empyrical": Subject(empyrical_loop, every=50),
        "quantstats": Subject(quantstats_loop, every=500),
        "ffn, all its numbers": Subject(ffn_loop, every=500),
    },
    "Rolling 30-day volatility, Sharpe ratio and beta": {
        "ours": Subject(ours_rolling),
        "best Polars form": Subject(polars_rolling_flat),
        "Polars by over": Subject(polars_rolling_over),
    },
    "The whole catalogue": {"ours": Subject(ours_everything)},
    "A hundred thousand": {"ours": Subject(ours)},
}

# Portfolios of each work, at 730 days.
SIZES = {
    "A dozen headline metrics": 10_000,
    "Rolling 30-day volatility, Sharpe ratio and beta": 10_000,
    "The whole catalogue": 1_000,
    "A hundred thousand": 100_000,
}
