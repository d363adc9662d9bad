"""What the platform claims of returns and risk: nearly the truth, and on one portfolio wrong on purpose.

The claims are computed here in NumPy, apart from `ys_analytics.metrics`, so that a comparison of the two
means something. Conventions are the kit's: daily Modified Dietz with flows at the last quote before
them, 365 days, sample deviation, a drawdown is negative. `DISCREPANCIES` lists what an audit must find.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ys_analytics.demo.actions import ACTIONS
from ys_analytics.demo.calendar import DAY_SECONDS, LAST_SECOND, moments
from ys_analytics.demo.fixed_point import (
    UNITS_PER_DOLLAR,
    UNITS_PER_TOKEN,
    Flags,
    Floats,
    Ints,
    frame_of_schema,
    rate_series,
)
from ys_analytics.demo.ledger import FLOWS, NO_PLACE, Entries
from ys_analytics.demo.market import CLOSE, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.valuation import Valuation
from ys_analytics.schemas import TABLES

_YEAR = 365
_NO_RISK = 1e-12
# Money is at work while this part of the period's largest capital is in, as the kit averages it.
_MIN_CAPITAL_SHARE = 0.1
# Returns below which the platform claims no ratio and no volatility, as the kit's catalogue asks for as many: two
# returns that are all but equal would make a Sharpe ratio of thousands.
MIN_RETURNS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """A claim that is wrong on purpose.

    Attributes:
        column: The column of `portfolio_snapshots`.
        days: In how many of the last days.
        meaning: What the platform does wrong.
        explained_by: `method`, `data` or `neither`: what an audit should conclude.
    """

    column: str
    days: int
    meaning: str
    explained_by: str


# Planted on the portfolio of `misstated_portfolio`.
DISCREPANCIES = (
    Discrepancy(column="sharpe_ratio", days=28, meaning="annualised with 252 days", explained_by="method"),
    Discrepancy(column="max_drawdown", days=28, meaning="seen only over the last 30 returns", explained_by="method"),
    Discrepancy(column="daily_return", days=120, meaning="external flows counted as return", explained_by="data"),
    Discrepancy(column="volatility", days=10, meaning="a tenth too high", explained_by="neither"),
)
_WINDOW = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Claims by portfolio and instant, not a number where there is none, and the true returns of the closes.

    Attributes:
        total_return: Since the first close, flows taken out.
        daily_return: Since the last close.
        sharpe: Of all returns so far, per year; not a number below `MIN_RETURNS` of them.
        drawdown: The deepest so far, 0 or negative.
        volatility: Of all returns so far, per year; not a number below `MIN_RETURNS` of them.
        returns: The true return of each close, shape (portfolios, instants); not a number elsewhere.
    """

    total_return: Floats
    daily_return: Floats
    sharpe: Floats
    drawdown: Floats
    volatility: Floats
    returns: Floats


def misstated_portfolio(portfolios: Portfolios) -> int:
    """Number of the portfolio with wrong figures on purpose: the first ordinary one after the edge cases, or 0."""
    later = [number for number, role in enumerate(portfolios.roles) if role == "ordinary" and number > 1]
    return later[0] if later else 0


def claims_of(portfolios: Portfolios, market: Market, entries: Entries, valuation: Valuation) -> Claims:
    """The platform's figures at every snapshot."""
    flows = _Flows(portfolios, market, entries, valuation)
    running = _RunningStatistics(valuation)
    for instant in range(valuation.instants.day.size):
        running.step(instant, *flows.at(instant))
    claims = running.claims()
    _apply_discrepancies(claims, valuation, flows, portfolio=misstated_portfolio(portfolios))
    return claims


def snapshots(portfolios: Portfolios, market: Market, valuation: Valuation, claims: Claims) -> pl.DataFrame:
    """The table `portfolio_snapshots`, by portfolio and then in time."""
    portfolio, instant = valuation.snapshots["portfolio"].to_numpy(), valuation.snapshots["instant"].to_numpy()
    day, hour = valuation.instants.day[instant], valuation.instants.hour[instant]
    return frame_of_schema(
        {
            "timestamp": moments(market.days[day], hour * 3600 + LAST_SECOND),
            "portfolio_id": pl.Series(portfolios.ids).gather(portfolio),
            "total_value": valuation.snapshots["total_value"],
            "total_return": rate_series(claims.total_return[portfolio, instant]),
            "daily_return": rate_series(claims.daily_return[portfolio, instant]),
            "sharpe_ratio": rate_series(claims.sharpe[portfolio, instant]),
            "max_drawdown": rate_series(claims.drawdown[portfolio, instant]),
            "volatility": rate_series(claims.volatility[portfolio, instant]),
            "asset_allocation": valuation.snapshots["asset_allocation"],
        },
        TABLES["portfolio_snapshots"].schema,
    )


# A flow: portfolio, moment in days since 1970, and amount in USD.
Event = tuple[int, float, float]


class _Flows:
    """External flows in USD, summed by the instant they are before."""

    def __init__(self, portfolios: Portfolios, market: Market, entries: Entries, valuation: Valuation) -> None:
        external = _external(entries)
        portfolio, day, second = entries.portfolio[external], entries.day[external], entries.second[external]
        is_incoming = entries.target[external] != NO_PLACE
        place = np.where(is_incoming, entries.target[external], entries.source[external])
        units = np.where(is_incoming, entries.received[external], -entries.given[external])
        dollars = units / UNITS_PER_TOKEN * _last_quote(market, portfolios.symbols[portfolio, place], day, second)
        instant = valuation.instants.after(entries)[external]
        self.amount = np.zeros(valuation.has_snapshot.shape)
        np.add.at(self.amount, (portfolio, instant), dollars)
        # Each flow with its moment, in days since 1970: what averages of capital are made of.
        base = market.days.astype("datetime64[D]").astype(np.int64)
        moment = base[day] + second / DAY_SECONDS
        self.events: dict[int, list[Event]] = {}
        for place in np.lexsort((-dollars, moment)):
            event = (int(portfolio[place]), float(moment[place]), float(dollars[place]))
            self.events.setdefault(int(instant[place]), []).append(event)
        self.times = base[valuation.instants.day] + (valuation.instants.hour + 1) / 24

    def at(self, instant: int) -> tuple[Floats, list[Event], float]:
        """Dollars, the flows they are made of in order of time, and the moment of an instant, in days since 1970."""
        return self.amount[:, instant], self.events.get(instant, []), float(self.times[instant])


class _RunningStatistics:
    """Statistics of the returns so far, kept as sums."""

    def __init__(self, valuation: Valuation) -> None:
        size = valuation.has_snapshot.shape[0]
        self.valuation = valuation
        self.value = np.full(size, np.nan)
        self.opened = np.zeros(size)
        self.day = np.full(size, -1)
        self.flow = np.zeros(size)
        self.events: dict[int, list[tuple[float, float]]] = {}
        self.count, self.sum, self.squares = np.zeros(size), np.zeros(size), np.zeros(size)
        self.growth, self.peak, self.deepest = np.ones(size), np.ones(size), np.zeros(size)
        self.claims_so_far = {name: np.full(valuation.has_snapshot.shape, np.nan) for name in Claims.__slots__}

    def step(self, instant: int, amount: Floats, events: list[Event], time: float) -> None:
        """One snapshot of every portfolio; a close becomes the base of what follows."""
        self.flow += amount
        for number, moment, dollars in events:
            self.events.setdefault(number, []).append((moment, dollars))
        has_snapshot = self.valuation.has_snapshot[:, instant]
        value = self.valuation.total[:, instant]
        ret = self._return(value, time)
        self.claims_so_far["daily_return"][:, instant] = ret
        self.claims_so_far["total_return"][:, instant] = self.growth * (1.0 + np.nan_to_num(ret)) - 1.0
        if self.valuation.instants.close[instant]:
            self.claims_so_far["returns"][:, instant] = np.where(has_snapshot, ret, np.nan)
            day = self.valuation.instants.day[instant]
            self._add_return(np.where(has_snapshot, ret, np.nan), spans_one_day=day - self.day == 1)
            self.day = np.where(has_snapshot, day, self.day)
            self.value = np.where(has_snapshot, value, self.value)
            self.opened = np.where(has_snapshot, time, self.opened)
            self.flow = np.where(has_snapshot, 0.0, self.flow)
            self.events = {number: flows for number, flows in self.events.items() if not has_snapshot[number]}
        deviation = self._deviation()
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.sum / self.count / deviation * np.sqrt(_YEAR)
        self.claims_so_far["sharpe"][:, instant] = np.where(deviation > _NO_RISK, ratio, np.nan)
        self.claims_so_far["drawdown"][:, instant] = self.deepest
        self.claims_so_far["volatility"][:, instant] = deviation * np.sqrt(_YEAR)

    def claims(self) -> Claims:
        """The figures of all snapshots."""
        return Claims(**self.claims_so_far)

    def _return(self, value: Floats, time: float) -> Floats:
        """Modified Dietz since the last close; not a number before it, and where no capital was at work."""
        capital = self.value.copy()
        for number, flows in self.events.items():
            if not np.isnan(capital[number]):
                capital[number] = _capital(
                    float(self.value[number]), flows, opened=float(self.opened[number]), closed=time
                )
        with np.errstate(divide="ignore", invalid="ignore"):
            at_work = capital > _NO_RISK * (np.abs(self.value) + np.abs(self.flow))
            return np.where(at_work, (value - self.value - self.flow) / capital, np.nan)

    def _add_return(self, ret: Floats, *, spans_one_day: Flags) -> None:
        """Link every return; of the statistics of a day, keep those that span one."""
        known = np.nan_to_num(ret)
        daily = np.where(spans_one_day, known, 0.0)
        self.count += ~np.isnan(ret) & spans_one_day
        self.sum += daily
        self.squares += daily**2
        self.growth *= 1.0 + known
        self.peak = np.maximum(self.peak, self.growth)
        self.deepest = np.minimum(self.deepest, self.growth / self.peak - 1.0)

    def _deviation(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (self.squares - self.sum**2 / self.count) / (self.count - 1)
            return np.where(self.count >= MIN_RETURNS, np.sqrt(np.maximum(variance, 0.0)), np.nan)


def _capital(value: float, flows: list[tuple[float, float]], *, opened: float, closed: float) -> float:
    """Average capital while money was at work, as `metrics.daily_returns` defines it."""
    balances = [value]
    for _, dollars in flows:
        balances.append(balances[-1] + dollars)
    edges = [opened, *(moment for moment, _ in flows), closed]
    threshold = max(0.0, *balances) * _MIN_CAPITAL_SHARE
    capital_spans = [
        (balance, until - since)
        for balance, since, until in zip(balances, edges[:-1], edges[1:], strict=True)
        if balance > threshold
    ]
    total_days = sum(length for _, length in capital_spans)
    return (
        sum(balance * length for balance, length in capital_spans) / total_days if total_days > 0 else max(balances[1:])
    )


def _external(entries: Entries) -> Flags:
    """The ruling: confirmed, and metadata says so, or else a deposit or withdrawal that names no protocol."""
    no_protocol = np.array([action.type in ("deposit", "withdraw") and not action.protocol for action in ACTIONS])
    stated_external = entries.flow == FLOWS.index("external")
    by_rule = (entries.flow == FLOWS.index("")) & no_protocol[entries.action]
    external: Flags = (entries.moved == 1) & (stated_external | by_rule)
    return external


def _last_quote(market: Market, symbol: Ints, day: Ints, second: Ints) -> Floats:
    """The last published price before a moment: of the hour before where hours are quoted, else the last close."""
    hour = second // 3600
    hourly = (day >= market.days.size - market.hourly_days) & (hour > 0)
    at_day, at_hour = np.where(hourly, day, day - 1), np.where(hourly, hour - 1, CLOSE)
    quote: Floats = market.prices[symbol, at_day, at_hour] / UNITS_PER_DOLLAR
    return quote


def _apply_discrepancies(claims: Claims, valuation: Valuation, flows: _Flows, *, portfolio: int) -> None:
    """Make the claims of one portfolio wrong as `DISCREPANCIES` says."""
    last = valuation.instants.day[-1]
    since = {discrepancy.column: valuation.instants.day > last - discrepancy.days for discrepancy in DISCREPANCIES}
    claims.sharpe[portfolio, since["sharpe_ratio"]] *= np.sqrt(252 / _YEAR)
    claims.volatility[portfolio, since["volatility"]] *= 1.1
    closes = np.flatnonzero(valuation.instants.close & valuation.has_snapshot[portfolio])
    recent = closes[since["max_drawdown"][closes]]
    for instant in recent:
        recent_returns = claims.returns[portfolio, closes[closes <= instant]][-_WINDOW:]
        wealth = np.cumprod(1.0 + np.concatenate([[0.0], np.nan_to_num(recent_returns)]))
        claims.drawdown[portfolio, instant] = float((wealth / np.maximum.accumulate(wealth) - 1.0).min())
    flows_between = (
        np.add.reduceat(np.abs(flows.amount[portfolio]), np.concatenate([[0], closes[:-1] + 1]))
        if closes.size
        else closes
    )
    for earlier, instant, flow in zip(closes[:-1], closes[1:], flows_between[1:], strict=True):
        if flow > 0 and since["daily_return"][instant] and valuation.total[portfolio, earlier] > 0:
            claims.daily_return[portfolio, instant] = (
                valuation.total[portfolio, instant] / valuation.total[portfolio, earlier] - 1.0
            )
