"""Verbs of a desk on attribution, benchmarks and the target allocation.

Depends on `desk.attribution`, `desk.benchmark`, `desk.target`, `desk.exposure` and `desk.strategies`; gives frames.
"""

from datetime import timedelta
from functools import cached_property

import polars as pl

from ys_analytics.desk import attribution, benchmark, exposure, strategies, target
from ys_analytics.desk.attribution import By, Labels
from ys_analytics.desk.benchmark import ROLLING_BETA, Benchmark
from ys_analytics.desk.verbs.holdings import HoldingVerbs
from ys_analytics.desk.verbs.returns import ReturnVerbs, Window
from ys_analytics.errors import UsageError
from ys_analytics.schemas import unknown_name
from ys_analytics.schemas.arguments import checked


class ComparisonVerbs(ReturnVerbs, HoldingVerbs):
    """Who made the change of value, and how returns and weights compare with a benchmark or target."""

    @checked
    def attribution(self, by: By = "asset", *, since: Window = "week") -> pl.DataFrame:
        """Attribution of the change of value by asset, kind, protocol, chain, strategy or satellite.

        Args:
            by: "asset", "kind", "protocol", "chain", "strategy" or "satellite".
            since: The "week", or since "inception".
        """
        bridged = self._bridge_of(since)
        return attribution.attribution(self._valued_pieces_of(since), bridged, self._labels, by=by)

    @checked
    def contributors(self, by: By = "asset", *, since: Window = "week", top: int = 5) -> pl.DataFrame:
        """The largest gains and losses of `attribution`."""
        return attribution.largest(self.attribution(by, since=since), top=top)

    @checked
    def brinson(self, *, since: Window = "week") -> pl.DataFrame:
        """Allocation, selection and interaction of each symbol against the target allocation, linked by Carino."""
        monday = self.days[0]
        days = self.daily_returns if since == "inception" else self.daily_returns.filter(pl.col("day") >= monday)
        targets = self._targets
        target_assets = {symbol: self._asset_of(symbol) for symbol in targets}
        ids = [*self._recorded_legs["asset_id"].drop_nulls().unique().to_list(), *target_assets.values()]
        quotes = self.source.rows("market_data", where=pl.col("asset_id").is_in(ids))
        names = dict(self._assets.select("id", "symbol").iter_rows())
        return target.effects(
            self._attributed_legs,
            days,
            self.daily_values(),
            quotes,
            names=names,
            targets=targets,
            target_assets=target_assets,
        )

    def drift(self) -> pl.DataFrame:
        """Weight of each symbol, the owner's target and the drift between them, largest drift first."""
        return target.drift(self.positions(), self._targets)

    @checked
    def benchmark(self, against: str | pl.DataFrame = "") -> pl.DataFrame:
        """Daily returns and growth of the portfolio and those of a benchmark.

        Args:
            against: A symbol or an asset's id, "equal_weight" (of what the target names), "target" (its allocation),
                another portfolio's name or id, or a frame with day and ret or level; empty takes the setting.
        """
        return benchmark.compared(self.daily_returns, self._benchmark(against))

    @property
    def benchmark_name(self) -> str:
        """The name of the default benchmark, which a setting chooses."""
        return self._benchmark("").name

    @checked
    def relative(self, against: str | pl.DataFrame = "") -> pl.DataFrame:
        """Alpha, beta, tracking error, information ratio and capture against a benchmark."""
        return benchmark.relative(
            self.daily_returns,
            self._benchmark(against),
            portfolio=self.id,
            end=self.days[1],
            risk_free=self._settings.risk_free,
        )

    @checked
    def trailing(self, against: str | pl.DataFrame = "") -> pl.DataFrame:
        """Trailing returns up to the week's end of the portfolio and the benchmark."""
        return benchmark.trailing(self.benchmark(against), until=self.days[1] - timedelta(days=1))

    @checked
    def rolling_beta(self, against: str | pl.DataFrame = "", *, days: int = ROLLING_BETA) -> pl.DataFrame:
        """Rolling beta over a window of days."""
        return benchmark.rolling_beta(self.daily_returns, self._benchmark(against), days=days)

    def exposure(self) -> pl.DataFrame:
        """Assets, debts, leverage, turnover and costs of each of the last thirteen weeks."""
        return exposure.exposure(self._attributed_legs, self._legs_quotes, end=self.span.end)

    def composition(self) -> pl.DataFrame:
        """Parts of what was held at the end of each of the last thirteen weeks: by kind, protocol and chain."""
        return exposure.composition(self._attributed_legs, self._legs_quotes, self._assets, end=self.span.end)

    def strategies(self) -> pl.DataFrame:
        """Realised yearly income of each satellite's strategy, with the yield the platform states."""
        period = self._bridge_of("inception").row(0, named=True)
        return strategies.strategies(
            self._rows("trading_strategies"),
            self.source.rows("satellite_agents"),
            self._valued_pieces_of("inception"),
            start=period["start"] or self.span.start,
            end=period["end"] or self.span.end,
            reason=period["reason"] or "",
        )

    def _benchmark(self, against: str | pl.DataFrame) -> Benchmark:
        if isinstance(against, pl.DataFrame):
            return benchmark.of_frame(against)
        name = against or self._settings.benchmark
        if name not in self._benchmarks:
            try:
                self._benchmarks[name] = self._named_benchmark(name)
            except UsageError as error:
                # A setting that names no asset or portfolio does not stop a page: the page says so.
                if against:
                    raise
                self._benchmarks[name] = benchmark.unavailable(name, str(error))
        return self._benchmarks[name]

    def _named_benchmark(self, name: str) -> Benchmark:
        closes = self._closes
        if name in {benchmark.EQUAL, benchmark.TARGET}:
            if not self._targets:
                raise UsageError(f"{self._portfolio_row['name']!r} states no target allocation; name another benchmark")
            weights = {self._asset_of(symbol): weight for symbol, weight in self._targets.items() if weight}
            if name == benchmark.TARGET:
                return benchmark.of_weights("target allocation", "rebalanced daily, prices alone", weights, closes)
            equal_weights = dict.fromkeys(weights, 1.0)
            title = f"equal weight of {len(weights)} target assets"
            return benchmark.of_weights(title, "rebalanced daily, prices alone", equal_weights, closes)
        symbols = self._assets.filter((pl.col("symbol").str.to_lowercase() == name.lower()) | (pl.col("id") == name))
        if symbols.height:
            asset = self._asset_of(name)
            symbol = symbols.filter(pl.col("id") == asset)["symbol"][0]
            return benchmark.of_weights(str(symbol), "price alone", {asset: 1.0}, closes)
        from ys_analytics import frames

        portfolios = self.source.rows("portfolios")
        try:
            other = frames.find_portfolio(portfolios, name)
        except UsageError as error:
            names = [*self._assets["symbol"].unique(), *portfolios["name"], benchmark.EQUAL, benchmark.TARGET]
            if "could be" in str(error):
                raise
            raise unknown_name(name, names, what="asset or portfolio", listed="`ys load assets`") from None
        desk = type(self)(source=self.source, portfolio_id=other, week=self.week, settings=self._settings)
        return benchmark.of_portfolio(str(desk._portfolio_row["name"]), desk.daily_returns)  # noqa: SLF001 - a desk too

    @cached_property
    def _benchmarks(self) -> dict[str, Benchmark]:
        return {}

    @cached_property
    def _targets(self) -> dict[str, float]:
        return benchmark.targets(self._portfolio_row["target_allocation"])

    @cached_property
    def _closes(self) -> pl.DataFrame:
        """Closes of every asset with a price before the week's end."""
        return benchmark.daily_closes(self.source.rows("market_data"), end=self.days[1])

    def _asset_of(self, symbol: str) -> str:
        held_ids = frozenset(self._recorded_legs["asset_id"].drop_nulls().unique().to_list())
        return benchmark.asset_of(symbol, self._assets, self._closes, held_ids=held_ids)

    @cached_property
    def _labels(self) -> Labels:
        strategies, satellites = self._rows("trading_strategies"), self.source.rows("satellite_agents")
        return Labels.of(self._assets, strategies, satellites)

    def _valued_pieces_of(self, since: Window) -> pl.DataFrame | None:
        """Contributions of each holding and movement in a period; None where the bridge cannot be stated."""
        if since not in self._valued_pieces:
            period = self._bridge_of(since).row(0, named=True)
            self._valued_pieces[since] = None if period["holds"] is None else attribution.pieces(
                self._attributed_legs, self._legs_quotes, self._assets, start=period["start"], end=period["end"]
            )  # fmt: skip
        return self._valued_pieces[since]

    @cached_property
    def _valued_pieces(self) -> dict[str, pl.DataFrame | None]:
        return {}
