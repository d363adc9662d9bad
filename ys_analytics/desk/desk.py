"""A seat at the desk: one portfolio's week, each verb a frame.

Reads, joins and calls metrics; defines none, draws nothing and does not know how
the seat was found.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import polars as pl

from ys_analytics import metrics
from ys_analytics.desk import (
    activity,
    agents,
    attention,
    attribution,
    benchmark,
    bridge,
    card,
    changes,
    exposure,
    findings,
    holdings,
    ledger,
    limits,
    loans,
    lookthrough,
    pools,
    printing,
    provenance,
    realised_yields,
    rebasing,
    returns,
    risk,
    sheets,
    shocks,
    strategies,
    target,
    week_end,
)
from ys_analytics.desk.attribution import By, Labels
from ys_analytics.desk.benchmark import ROLLING_BETA, Benchmark
from ys_analytics.desk.lots import Books, totals
from ys_analytics.desk.lots import lots as books_of
from ys_analytics.desk.sources import Earlier, Frozen, Source, sibling_run
from ys_analytics.errors import UsageError
from ys_analytics.metrics.chains import native_assets
from ys_analytics.metrics.lots import Matching
from ys_analytics.metrics.spans import UNPRICED
from ys_analytics.schemas import QUARTER, Finding, Limits, Span, Week, misnamed
from ys_analytics.settings import Settings

# Over which period a number is asked.
Window = Literal["week", "inception"]


class Desk:
    """One portfolio's week, as frames.

    Attributes:
        source: Where frames come from.
        week: The ISO week.
        span: From its Monday to the next.
    """

    def __repr__(self) -> str:
        """Who and which week, in a line."""
        return f"Desk({self._own['name']!r}, week={self.week!r}, {self.source.label})"

    def card(self) -> pl.DataFrame:
        """Who, which week, what it is worth, as of when, how fresh, and what the checks found: name, value String."""
        return card.card(self.portfolio(), self.headline(), self.findings(), self._latest, unknown=self.unknown)

    def _repr_html_(self) -> str:
        """The card, as JupyterLab shows it."""
        from ys_analytics.views import tables

        return tables.card(self.card()).to_html()

    def __init__(self, *, source: Source, portfolio_id: str, week: str, settings: Settings) -> None:
        """Take a seat; the portfolio is looked up when the first frame is asked for."""
        self.source, self.week = source, Week(week)
        self.span = self.week.span
        self._asked, self._settings = portfolio_id, settings

    # Whose desk it is

    @property
    def id(self) -> str:
        """The portfolio's id."""
        return str(self._own["id"])

    def look_up(self) -> None:
        """Find the portfolio now instead of when the first frame is asked for.

        Raises:
            UsageError: there is none of that name, several have it, or it was opened only after the week.
        """
        _ = self._own

    @cached_property
    def _own(self) -> dict[str, Any]:
        from ys_analytics import frames

        known = self.source.rows("portfolios")
        asked = frames.find_portfolio(known, self._asked).require_open(self.week) if self._asked else None
        return known.row(by_predicate=pl.col("id") == (asked or self._largest(known)), named=True)

    def _largest(self, known: pl.DataFrame) -> str:
        """Whose week it is when nobody was named: the portfolio that holds most; the masthead says which."""
        known = known.filter((pl.col("created_at") < self.span.end).fill_null(value=True))
        if known.is_empty():
            raise UsageError(f"no portfolio was open before the end of {self.week}; `ys load portfolios` lists them")
        worth = self.source.rows("portfolio_positions").group_by("portfolio_id").agg(pl.col("current_value").sum())
        ranked = known.join(worth, left_on="id", right_on="portfolio_id", how="left").sort(
            "current_value", "id", descending=[True, False], nulls_last=True
        )
        return str(ranked["id"][0])

    @property
    def days(self) -> tuple[date, date]:
        """The week's Monday and the Monday after it."""
        return self.span.start.date(), self.span.end.date()

    @property
    def limit(self) -> Any:
        """The fall from the peak the owner accepts, as a fraction."""
        return self._own["max_drawdown"]

    @property
    def target(self) -> Any:
        """The return per year the owner hopes for, as a fraction."""
        return self._own["target_return"]

    def portfolio(self) -> pl.DataFrame:
        """One row: whose week this is and as of when."""
        own = self._own
        owner = self.source.rows("users", where=pl.col("id") == own["user_id"])
        who = owner.row(0, named=True) if owner.height else {}
        return pl.DataFrame(
            [
                {
                    "id": own["id"],
                    "name": own["name"],
                    "week": self.week,
                    "start": self.days[0],
                    "end": self.days[1],
                    "as_of": self.source.as_of or self._latest,
                    "source": self.source.label,
                    "risk_profile": own["risk_profile"],
                    "rebalancing_strategy": own["rebalancing_strategy"],
                    "created_at": own["created_at"],
                    "user_type": who.get("user_type"),
                    "kyc_status": who.get("kyc_status"),
                }
            ]
        )

    # Value and return

    @cached_property
    def _snapshots(self) -> pl.DataFrame:
        return self._mine("portfolio_snapshots")

    @property
    def _latest(self) -> Any:
        return self._snapshots["timestamp"].max() or self.span.end

    def daily_values(self) -> pl.DataFrame:
        """Close of each day: day, value in USD, closed_at."""
        return returns.daily_values(self._snapshots)

    @cached_property
    def daily_returns(self) -> pl.DataFrame:
        """Daily Modified Dietz returns with their reasons, growth and distance from the peak."""
        return returns.with_growth(metrics.daily_returns(self.daily_values(), self._flows))

    def week_days(self) -> pl.DataFrame:
        """The seven days of the week: value, return, gain, flow, or why there is none."""
        return returns.week_days(self.daily_values(), self.daily_returns, start=self.days[0])

    def performance(self) -> pl.DataFrame:
        """Every headline metric of the week and since inception, with n, window and reason."""
        return returns.compared(
            self.daily_returns, portfolio=self.id, week=self.days, risk_free=self._settings.risk_free
        )

    def headline(self) -> pl.DataFrame:
        """One row: what the week came to."""
        measures = {row["metric"]: row for row in self.performance().iter_rows(named=True)}
        total, days, values, raised = measures["total_return"], self.week_days(), self.daily_values(), self.alerts()
        crossed = self.flows(week=True)
        untold = days["reason"].eq(UNPRICED).any()
        last = values.row(-1, named=True) if values.height else {}
        return pl.DataFrame(
            [
                {
                    "value": last.get("value"),
                    "value_day": last.get("day"),
                    "week_return": total["week"],
                    "week_reason": total["week_reason"],
                    "gain": days["gain"].sum() if days["gain"].count() and not untold else None,
                    "flow": crossed["amount"].sum() if values.height and not crossed["amount"].null_count() else None,
                    "since_return": total["since"],
                    "since_reason": total["since_reason"],
                    "since_day": total["since_start"],
                    "max_drawdown": self.limit,
                    **returns.against_limit(self.daily_returns, self.limit, week=self.days),
                    "alerts": int(raised["in_week"].sum()),
                    "open_alerts": raised.height - raised["resolved_at"].count(),
                }
            ],
            schema_overrides={
                **dict.fromkeys(("week_return", "since_return", "underwater", "week_deepest"), pl.Float64),
                **dict.fromkeys(("beyond_week", "beyond_ever"), pl.Int64),
                **dict.fromkeys(("beyond_since", "beyond_first", "beyond_last"), pl.Date),
                "beyond_now": pl.Boolean,
            },
        )

    def drawdowns(self, *, top: int = 5) -> pl.DataFrame:
        """The deepest falls from a peak, up to a day whose return is not known."""
        return metrics.drawdowns(returns.linkable(self.daily_returns), top=top)

    def monthly_returns(self) -> pl.DataFrame:
        """Return of each month and year, and the first and last day that returns cover: begins, ends."""
        return returns.with_edges(metrics.performance.monthly_table(self.daily_returns), self.daily_returns).sort(
            "year", descending=True
        )

    def rolling(self, *, days: int = returns.ROLLING_DAYS) -> pl.DataFrame:
        """Volatility and Sharpe ratio of the last so many returns."""
        return metrics.performance.rolling(self.daily_returns, window=days, risk_free=self._settings.risk_free)

    def claims(self) -> pl.DataFrame:
        """What the platform stored of return and risk, beside ours, and what explains a difference."""
        stored = [metrics.audit.claims(frame) for frame in (self._snapshots, self._mine("risk_metrics"))]
        rate = self._settings.risk_free
        return returns.claims(pl.concat(stored), self.daily_returns, self.daily_values(), risk_free=rate)

    def bridge(self) -> pl.DataFrame:
        """From the week's opening to its closing value: each term, and the residual they leave."""
        return self._bridged("week")

    # Who made it, and against what

    def attribution(self, by: By = "asset", *, since: Window = "week") -> pl.DataFrame:
        """What each asset, kind, protocol, chain, strategy or satellite added to the change of value.

        Args:
            by: "asset", "kind", "protocol", "chain", "strategy" or "satellite".
            since: The "week", or since "inception".
        """
        bridged = self._bridged(since)
        return attribution.attribution(self._lots_of(since), bridged, self._labels, by=by)

    def contributors(self, by: By = "asset", *, since: Window = "week", top: int = 5) -> pl.DataFrame:
        """The largest of `attribution`, up and down."""
        return attribution.largest(self.attribution(by, since=since), top=top)

    def brinson(self, *, since: Window = "week") -> pl.DataFrame:
        """Allocation, selection and interaction of each symbol against the target allocation, linked by Carino."""
        monday = self.days[0]
        days = self.daily_returns if since == "inception" else self.daily_returns.filter(pl.col("day") >= monday)
        wanted = self._wanted
        chosen = {symbol: self._asset_of(symbol) for symbol in wanted}
        ids = [*self._moved["asset_id"].drop_nulls().unique().to_list(), *chosen.values()]
        quotes = self.source.rows("market_data", where=pl.col("asset_id").is_in(ids))
        names = dict(self._assets.select("id", "symbol").iter_rows())
        return target.effects(
            self._movements, days, self.daily_values(), quotes, names=names, wanted=wanted, chosen=chosen
        )

    def drift(self) -> pl.DataFrame:
        """Weight of each symbol and the owner's target, furthest first."""
        return target.drift(self.positions(), self._wanted)

    def benchmark(self, what: str | pl.DataFrame = "") -> pl.DataFrame:
        """Daily returns and growth of the portfolio and those of a benchmark.

        Args:
            what: A symbol or an asset's id, "equal_weight" (of what the target names), "target" (its allocation),
                another portfolio's name or id, or a frame with day and ret or level; empty takes the setting.
        """
        return benchmark.compared(self.daily_returns, self._benchmark(what))

    @property
    def benchmark_name(self) -> str:
        """What the benchmark of the setting is called."""
        return self._benchmark("").name

    def relative(self, what: str | pl.DataFrame = "") -> pl.DataFrame:
        """Alpha, beta, tracking error, information ratio and capture against a benchmark."""
        return benchmark.relative(
            self.daily_returns,
            self._benchmark(what),
            portfolio=self.id,
            end=self.days[1],
            risk_free=self._settings.risk_free,
        )

    def trailing(self, what: str | pl.DataFrame = "") -> pl.DataFrame:
        """Returns of the usual windows up to the week's end, and the benchmark's."""
        return benchmark.trailing(self.benchmark(what), until=self.days[1] - timedelta(days=1))

    def rolling_beta(self, what: str | pl.DataFrame = "", *, days: int = ROLLING_BETA) -> pl.DataFrame:
        """Beta of the last so many days."""
        return benchmark.rolling_beta(self.daily_returns, self._benchmark(what), days=days)

    def _benchmark(self, what: str | pl.DataFrame) -> Benchmark:
        if isinstance(what, pl.DataFrame):
            return benchmark.of_frame(what)
        name = what or self._settings.benchmark
        if name not in self._benchmarks:
            try:
                self._benchmarks[name] = self._named_benchmark(name)
            except UsageError as error:
                # A setting that names nothing here is no reason to refuse a page: the page says so.
                if what:
                    raise
                self._benchmarks[name] = benchmark.missing(name, str(error))
        return self._benchmarks[name]

    def _named_benchmark(self, name: str) -> Benchmark:
        closes = self._closes
        if name in {benchmark.EQUAL, benchmark.TARGET}:
            if not self._wanted:
                raise UsageError(f"{self._own['name']!r} states no target allocation; name another benchmark")
            chosen = {self._asset_of(symbol): weight for symbol, weight in self._wanted.items() if weight}
            if name == benchmark.TARGET:
                return benchmark.of_weights("target allocation", "rebalanced daily, prices alone", chosen, closes)
            alike = dict.fromkeys(chosen, 1.0)
            title = f"equal weight of {len(chosen)} target assets"
            return benchmark.of_weights(title, "rebalanced daily, prices alone", alike, closes)
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
            known = [*self._assets["symbol"].unique(), *portfolios["name"], benchmark.EQUAL, benchmark.TARGET]
            if "could be" in str(error):
                raise
            raise misnamed(name, known, what="asset or portfolio", listed="`ys load assets`") from None
        desk = Desk(source=self.source, portfolio_id=other, week=self.week, settings=self._settings)
        return benchmark.of_portfolio(str(desk._own["name"]), desk.daily_returns)

    # What changed, and whether limits hold

    def change_of_value(self) -> pl.DataFrame:
        """The week's change of value by reason: market, trades, yield, fees, gas, flows, restated data, method."""
        before = self._last_run
        stated = printed = None
        if before is not None:
            values = before.daily_values()
            stated = values["value"][-1] if values.height else None
            printed = printing.value(self._printed)
        return changes.split(self.bridge(), stated=stated, printed=printed)

    def changes(self) -> pl.DataFrame:
        """What changed since last week: return and risk, weights, quoted yields, alerts and failed checks."""
        monday, before = self.days[0], self._last_run
        return pl.concat(
            [
                changes.headline(
                    self.daily_returns,
                    portfolio=self.id,
                    monday=monday,
                    risk_free=self._settings.risk_free,
                    then=None if before is None else before.daily_returns,
                    printed=printing.since_inception(self._printed),
                ),
                changes.weights(self.changed_positions()),
                changes.yields(self.pools(), self._pools_before()),
                changes.alerts(activity.as_stood(self._mine("risk_alerts"), end=self.span.end), monday=monday),
                changes.findings(self.findings(), None if before is None else before.findings()),
            ]
        )

    def changed_positions(self) -> pl.DataFrame:
        """Each position last week and now: opened, closed, more, less."""
        opened = self._own["created_at"]
        if opened is not None and opened >= self.span.start:
            return changes.positions(self.positions(), self.positions().clear(), unknown=self.unknown)
        then = self._week_before
        unknown = self.unknown or (then.unknown and f"last week: {then.unknown}")
        return changes.positions(self.positions(), then.positions(), unknown=unknown)

    def _pools_before(self) -> pl.DataFrame:
        quoted = self.source.rows("yield_metrics")
        return pools.pools_in_use(self.positions(), quoted, end=self.span.start)

    @cached_property
    def _week_before(self) -> "Desk":
        """The desk of the week before, as this week's data show it.

        Raises:
            UsageError: the portfolio was opened only in this week.
        """
        source = Earlier(self.source, Span.until(self.span.start))
        return Desk(source=source, portfolio_id=self.id, week=self.week.before, settings=self._settings)

    @property
    def _last_run(self) -> "Desk | None":
        """The desk of the week before, as the run of that week holds it; None where there is none in the folder."""
        if "desk" not in self._earlier:
            week = self.week.before
            run = sibling_run(self.source.folder, week)
            # Looked for again next time: the run of that week may be made while this desk is open.
            if run is None:
                return None
            desk = Desk(source=Frozen(run), portfolio_id=self.id, week=week, settings=self._settings)
            try:
                desk.look_up()
            except UsageError:
                return None
            self._earlier["desk"] = desk
        return self._earlier["desk"]

    @cached_property
    def _earlier(self) -> "dict[str, Desk]":
        return {}

    @property
    def _printed(self) -> Mapping[str, Any]:
        """The page of the week before as it was printed; empty where none was."""
        folder = self.source.folder
        return printing.page_of(None if folder is None else folder.parent / self.week.before, self.id)

    def limits(self) -> pl.DataFrame:
        """Each limit, where it stands, the week's worst, and the platform's alert."""
        return limits.limits(
            returns.against_limit(self.daily_returns, self.limit, week=self.days),
            self.limit,
            self.loans(),
            self.alerts(),
            unknown=self.unknown,
        )

    def attention(self) -> pl.DataFrame:
        """What is at risk, what needs a decision and whether the numbers can be trusted."""
        measures = {row["metric"]: row for row in self.performance().iter_rows(named=True)}
        risk_now, total = measures["value_at_risk"], measures["total_return"]
        drifted = self.drift()
        return attention.attention(
            value_at_risk={"value": risk_now["since"], "reason": risk_now["since_reason"]},
            limits=self.limits(),
            loans=self.loans(),
            drift=drifted,
            turnover=None if self.unknown else target.turnover_to_target(drifted),
            alerts=self.alerts(),
            findings=self.findings(),
            coverage=total["since_coverage"],
            unknown=self.unknown,
            end=self.span.end,
        )

    def values_at_risk(self) -> pl.DataFrame:
        """The values at risk on these pages, by method and base, at one net value."""
        values = self.daily_values()
        return risk.values_at_risk(
            self.daily_returns,
            self._mine("risk_metrics").filter(pl.col("timestamp") < self.span.end),
            self.contributions(),
            net=float(values["value"][-1]) if values.height else None,
            portfolio=self.id,
        )

    def exposure(self) -> pl.DataFrame:
        """Assets, debts, leverage, turnover and costs of each of the last thirteen weeks."""
        return exposure.exposure(self._movements, self._legs_quotes, end=self.span.end)

    def strategies(self) -> pl.DataFrame:
        """What each strategy of a satellite earned a year, and what the platform says it earned."""
        facts = self._bridged("inception").row(0, named=True)
        return strategies.strategies(
            self._mine("trading_strategies"),
            self.source.rows("satellite_agents"),
            self._lots_of("inception"),
            start=facts["start"] or self.span.start,
            end=facts["end"] or self.span.end,
            reason=facts["reason"] or "",
        )

    # What if

    def shock(self, moves: Mapping[str, float]) -> pl.DataFrame:
        """Each position, the net value and the health of each loan after price moves.

        Args:
            moves: By symbol, the move as a fraction: `{"ETH": -0.4}`; "market" for everything without a peg.
        """
        return shocks.shock(self.positions(), self._registry, moves)

    def replays(self) -> pl.DataFrame:
        """What is held now would have made in each fixed episode of the past."""
        return shocks.replay(self.positions(), self._registry)

    def scenarios(self, path: str | Path) -> pl.DataFrame:
        """Net value and the least health of a loan after each scenario of a TOML file of one's own."""
        return shocks.scenarios(self.positions(), self._registry, shocks.scenarios_of(Path(path)))

    def liquidation_prices(self) -> pl.DataFrame:
        """The price of each asset at which a loan may be liquidated, nearest first."""
        found = self.loans().filter(pl.col("price").is_not_null())
        return found.sort(pl.col("move").abs(), "place", "what", nulls_last=True)

    @cached_property
    def _benchmarks(self) -> dict[str, Benchmark]:
        return {}

    @cached_property
    def _wanted(self) -> dict[str, float]:
        return benchmark.targets(self._own["target_allocation"])

    @cached_property
    def _closes(self) -> pl.DataFrame:
        """Closes of every asset with a price before the week's end."""
        return benchmark.daily_closes(self.source.rows("market_data"), end=self.days[1])

    def _asset_of(self, symbol: str) -> str:
        own = frozenset(self._moved["asset_id"].drop_nulls().unique().to_list())
        return benchmark.asset_of(symbol, self._assets, self._closes, own=own)

    @cached_property
    def _movements(self) -> pl.DataFrame:
        return attribution.movements(ledger.itemised(self._done, self._assets), self._legs)

    @cached_property
    def _labels(self) -> Labels:
        strategies, agents_ = self._mine("trading_strategies"), self.source.rows("satellite_agents")
        return Labels.of(self._assets, strategies, agents_)

    def _lots_of(self, since: Window) -> pl.DataFrame | None:
        """What each holding and movement of a period added; None where the bridge cannot be stated."""
        if since not in self._valued_lots:
            facts = self._bridged(since).row(0, named=True)
            self._valued_lots[since] = None if facts["holds"] is None else attribution.lots(
                self._movements, self._legs_quotes, self._assets, start=facts["start"], end=facts["end"]
            )  # fmt: skip
        return self._valued_lots[since]

    @cached_property
    def _valued_lots(self) -> dict[str, pl.DataFrame | None]:
        return {}

    @cached_property
    def _bridges(self) -> dict[str, pl.DataFrame]:
        return {}

    def _bridged(self, since: Window) -> pl.DataFrame:
        """The bridge of the week, or from the first movement on."""
        if since not in {"week", "inception"}:
            raise UsageError(f"since {since!r}: choose 'week' or 'inception'")
        if since not in self._bridges:
            span = self.span
            if since == "inception":
                first: Any = self._legs["timestamp"].min() or self.span.start
                span = Span(min(first, self.span.start), self.span.end)
            self._bridges[since] = bridge.bridge(
                self._legs, self._snapshots, self._legs_quotes, self._assets, span=span
            )
        return self._bridges[since]

    # A closer look at risk

    def intervals(self) -> pl.DataFrame:
        """Each headline number with its bootstrap interval."""
        return risk.intervals(self.daily_returns, risk_free=self._settings.risk_free)

    def money_weighted(self) -> pl.DataFrame:
        """Money-weighted and time-weighted return, and what timing added."""
        return metrics.money_weighted(self.daily_values(), self._flows, returns=self.daily_returns)

    def tail_history(self) -> pl.DataFrame:
        """Each day's return beside the value at risk the platform stated the day before."""
        return risk.tail_history(self.daily_returns, self._mine("risk_metrics"), self.daily_values())

    def tail_test(self) -> pl.DataFrame:
        """Kupiec, Christoffersen and the traffic light on the platform's value at risk."""
        return metrics.backtest.backtest(self.tail_history())

    def concentration(self) -> pl.DataFrame:
        """Concentration by asset, protocol and chain."""
        return risk.concentration(self.positions(), self._registry)

    def shocks(self) -> pl.DataFrame:
        """Net value after the market, or one holding, falls."""
        return risk.shocks(self.positions(), self._registry)

    def contributions(self) -> pl.DataFrame:
        """Part of each asset in value at risk."""
        return risk.contributions(self.positions(), self._quotes_by_end, self._registry)

    # What it holds

    @cached_property
    def _assets(self) -> pl.DataFrame:
        return self.source.rows("assets")

    @cached_property
    def _registry(self) -> lookthrough.Registry:
        """What each asset stands for, at the last prices of the week."""
        return lookthrough.Registry(self._assets, lookthrough.last_prices(self._quotes_by_end))

    @property
    def _quotes_by_end(self) -> pl.DataFrame:
        return self._quotes.filter(pl.col("timestamp") < self.span.end)

    @cached_property
    def _quotes(self) -> pl.DataFrame:
        """Quotes of every asset this portfolio ever touched or is exposed to, and of the tokens its gas was paid in."""
        done = self._mine("transactions")
        wanted = [self._mine("portfolio_positions")["asset_id"], done["from_asset_id"], done["to_asset_id"]]
        wanted.append(native_assets(self._assets)["asset_id"])
        ids = lookthrough.Registry(self._assets).behind(pl.concat(wanted).drop_nulls().unique().sort().to_list())
        return self.source.rows("market_data", where=pl.col("asset_id").is_in(ids))

    @cached_property
    def _held(self) -> week_end.Holdings:
        return week_end.holdings(
            self._mine("portfolio_positions"),
            self._legs,
            snapshots=self._snapshots,
            quotes=self._quotes,
            assets=self._assets,
            done=self._done,
            read=self.source.as_of,
            contracts=lambda: week_end.contracts(self.source.rows("portfolio_positions"), self._protocols),
            span=self.span,
        )

    @cached_property
    def _protocols(self) -> pl.DataFrame:
        return holdings.protocol_names(self.source.rows("yield_metrics"))

    @property
    def unknown(self) -> str:
        """Why what was held at the end of the week is not known; empty where it is (`desk.weekend` has the rule)."""
        return self._held.reason

    def positions(self) -> pl.DataFrame:
        """Every position at the end of the week with symbol, place, price, share and gain against cost.

        No row where what was held is not known: `unknown` says why.
        """
        prices = holdings.last_prices(self._quotes)
        return holdings.positions(self._held.rows, self._assets, prices, self._protocols)

    def allocation(self) -> pl.DataFrame:
        """Share of net value by asset, kind, protocol and chain."""
        return holdings.allocation(self.positions())

    def pools(self) -> pl.DataFrame:
        """Pools in use with their last quoted yield."""
        return pools.pools_in_use(self.positions(), self.source.rows("yield_metrics"), end=self.span.end)

    def yields(self) -> pl.DataFrame:
        """Yield of each pool in use over the last quarter."""
        return pools.yield_history(self.pools(), self.source.rows("yield_metrics"), end=self.span.end)

    def realised_yields(self) -> pl.DataFrame:
        """What each position in a protocol earned over the last quarter, beside what its pool quoted."""
        offered = self.source.rows("yield_metrics")
        return realised_yields.realised(
            self.positions(), self._legs, self._legs_quotes, offered, self._assets, end=self.span.end
        )

    def prices(self) -> pl.DataFrame:
        """Redis' price of each asset held, beside ClickHouse's last one."""
        cache = self.source.rows("redis_price_current")
        return holdings.cached_prices(self.positions(), cache, end=self.span.end, current=self._is_current)

    def liquidation(self) -> pl.DataFrame:
        """What each store says of how close liquidation is."""
        return self._liquidation[1]

    def liquidation_history(self) -> pl.DataFrame:
        """Distance to liquidation at the end of each day, as the platform measured it."""
        return self._liquidation[0]

    def loans(self) -> pl.DataFrame:
        """How far prices must move until each loan may be liquidated."""
        return loans.loans(self.positions(), self._registry)

    def liquidation_ladder(self) -> pl.DataFrame:
        """Health of each loan while the market falls step by step."""
        return loans.ladder(self.positions(), self._registry)

    @cached_property
    def _liquidation(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        debts = (self._held.rows["position_type"] == "borrowing").any()
        return holdings.liquidation(
            self._mine("risk_metrics"),
            self._mine("redis_risk_liquidation"),
            debts=None if self.unknown else bool(debts),
            current=self._is_current,
        )

    @property
    def _is_current(self) -> bool:
        """Whether the stores still were as the week left them when they were read: caches then speak of it."""
        read = self.source.as_of
        return self._held.origin == "platform" or (read is not None and read <= self.span.end)

    # What was done and said

    @cached_property
    def _done(self) -> pl.DataFrame:
        classified = metrics.classify_flows(self._mine("transactions"))
        return activity.with_gas(classified, self._assets, self._quotes)

    @cached_property
    def _flows(self) -> pl.DataFrame:
        return metrics.external_flows(metrics.classify_flows(self._mine("transactions")), self._quotes)

    @cached_property
    def _moved(self) -> pl.DataFrame:
        return ledger.legs(self._done, self._assets)

    @cached_property
    def _legs(self) -> pl.DataFrame:
        """Every movement, and growth of balances that snapshots show without one."""
        return rebasing.credited(self._moved, self._snapshots, self._legs_quotes, self._assets)

    @cached_property
    def _legs_quotes(self) -> pl.DataFrame:
        """Quotes of whatever moved, and of what shares in pools stand for."""
        ids = ledger.priced(self._moved, self._assets)
        return self.source.rows("market_data", where=pl.col("asset_id").is_in(ids))

    def flows(self, *, week: bool = False) -> pl.DataFrame:
        """External flows in USD, positive into the portfolio: all of them, or the week's."""
        found = self._flows.with_columns(day=pl.col("timestamp").dt.date())
        inside = self.span.holds("timestamp")
        return found.filter(inside) if week else found

    def flow_audit(self) -> pl.DataFrame:
        """How many transactions each rule classified."""
        return activity.flow_audit(self._done, span=self.span)

    def transactions(self) -> pl.DataFrame:
        """What was done on chain in the week."""
        return activity.transactions(self._done, self._assets, span=self.span)

    def gas(self) -> pl.DataFrame:
        """What gas cost, by status."""
        return activity.gas(self._done, span=self.span)

    def lots(self, *, matching: Matching = "fifo", year: int | None = None) -> pl.DataFrame:
        """Every lot that left, in one year or ever, and every lot that is left: acquired, cost, proceeds, gain.

        Args:
            matching: The oldest lot first, the latest, the dearest (hifo), or all at their average cost.
            year: Only what left in this UTC year, and what was left at its end.
        """
        return self._books(matching, year).lots

    def export_lots(self, path: str | Path, *, matching: Matching = "fifo", year: int | None = None) -> Path:
        """Write lots, totals by asset, income, expenses and debts for a tax adviser: one XLSX, or several CSVs.

        Args:
            path: Ends in .xlsx or .csv; a CSV holds the lots, and the others lie next to it with their names added.
            matching: As for `lots`.
            year: As for `lots`.

        Returns:
            The path.

        Raises:
            UsageError: it ends otherwise.
        """
        books = self._books(matching, year)
        return sheets.write(
            Path(path),
            {"lots": books.lots, "totals": totals(books), "income": books.income, "expenses": books.expenses,
             "debts": books.debts},
        )  # fmt: skip

    def gains(self, *, matching: Matching = "fifo", year: int | None = None) -> pl.DataFrame:
        """Realised and unrealised gains, income and expenses by asset, and what left without having come.

        Args:
            matching: As for `lots`.
            year: As for `lots`.
        """
        return totals(self._books(matching, year))

    def _books(self, matching: Matching, year: int | None) -> Books:
        end = self.span.end - timedelta(microseconds=1)
        return books_of(
            self._done, self._assets, self._legs_quotes, at=end, grown=self._legs, matching=matching, year=year
        )

    def alerts(self) -> pl.DataFrame:
        """Alerts of the week and older ones still open."""
        return activity.alerts(self._mine("risk_alerts"), span=self.span)

    def alert_record(self) -> pl.DataFrame:
        """Alerts by type since inception: how soon they were seen and resolved, and whether a bad day followed."""
        raised = activity.as_stood(self._mine("risk_alerts"), end=self.span.end)
        return activity.alert_record(raised, self.daily_returns, end=self.span.end)

    def alert_history(self) -> pl.DataFrame:
        """Alerts of the last quarter."""
        return activity.recent_alerts(self._mine("risk_alerts"), span=self.span)

    def sentiment(self) -> pl.DataFrame:
        """How the assets held were spoken of, this week and the last."""
        symbols = self.positions()["symbol"].unique(maintain_order=True).to_list()
        return activity.sentiment(self.source.rows("market_sentiment"), symbols, end=self.span.end)

    # What it rests on

    def findings(self) -> pl.DataFrame:
        """What the suites found in the run, if there is one, and what the bridge found of this portfolio."""
        return findings.listed(self._found)

    def warnings(self, *tables: str, lately: bool = False) -> tuple[str, ...]:
        """What must be said beside a view of these tables: each broken promise that touches this portfolio, in a line.

        Args:
            tables: Of the kit, or `pnl_identity`.
            lately: The view shows the week or today: what is over for a quarter by then is left out.
        """
        if "portfolio_positions" in tables and self._held.origin != "platform":
            tables = tuple(name for name in tables if name != "portfolio_positions")
        mine = pl.col("id").is_in(self._quotes["asset_id"].unique().to_list())
        symbols = dict(self._assets.filter(mine).select("id", "symbol").iter_rows())
        since = self.span.end - QUARTER if lately else None
        return findings.warnings(self._found, tables, portfolio=self.id, assets=symbols, since=since)

    def residual(self) -> Finding:
        """Whether the terms of the bridge explain the week's change in value, as a finding."""
        return bridge.finding(self.bridge(), self.id)

    @cached_property
    def _found(self) -> list[Finding]:
        return [*findings.read(self.source.folder), self.residual()]

    def suites(self) -> pl.DataFrame:
        """How each suite fared."""
        return findings.suites(self.findings())

    def satellites(self) -> pl.DataFrame:
        """How the satellite agents are and how they worked in the week; nobody's in particular."""
        names = ("satellite_agents", "agent_tasks", "satellite_performance", "redis_agent_health")
        return agents.satellites(*(self.source.rows(name) for name in names), span=self.span)

    def refusals(self) -> pl.DataFrame:
        """Every number refused, and why."""
        flows = self.flows().filter(pl.col("amount").is_null())
        unpriced = [("External flow", "since inception", reason) for reason in flows["reason"].to_list()]
        return provenance.refusals(self.performance(), unpriced)

    def glossary(self) -> pl.DataFrame:
        """Formula, sample and source of each metric."""
        return provenance.glossary()

    def sources(self) -> pl.DataFrame:
        """Rows, latest time and as-of of each frame read."""
        return self.source.read()

    def provenance(self) -> pl.DataFrame:
        """With which program, schema and settings this was made."""
        rate = f"{self._settings.risk_free:.2%} a year, simple".replace("%", "\N{NO-BREAK SPACE}%")
        return provenance.made_with(
            [
                ("Portfolio", self.id),
                ("Read from", self.source.label),
                ("Week", self.week),
                ("Holdings from", week_end.ORIGINS[self._held.origin]),
                *self.source.versions(),
                ("Risk-free rate", rate),
            ]
        )

    # Anything else

    def load(self, name: str) -> pl.DataFrame:
        """The rows of any table, key family or collection before the end of the week, as the stores hold them.

        This portfolio's own where rows have one; a table without a time comes as it was when it was read.
        """
        return self._mine(name)

    def sql(self, query: str) -> pl.DataFrame:
        """One SELECT in DuckDB's SQL over this portfolio's rows: `desk.sql("SELECT count(*) FROM transactions")`.

        Tables without an owner, such as prices, come whole; the fleet is asked with `ys.sql`. Days are UTC days.

        Raises:
            UsageError: the query is not one SELECT, is wrong, or takes longer or more than the settings allow.
        """
        return self.source.sql(query, portfolio=self.id, limits=Limits(seconds=self._settings.statement_timeout))

    def _mine(self, name: str) -> pl.DataFrame:
        return self.source.rows(name, portfolio=self.id)
