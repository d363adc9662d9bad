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
from ys_analytics.demo.fixed_point import PRICE, QUANTITY, Flags, Floats, Ints, fitted, rates
from ys_analytics.demo.ledger import FLOWS, NOWHERE, Entries
from ys_analytics.demo.market import CLOSE, Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.valuation import Valuation
from ys_analytics.schemas import TABLES

_YEAR = 365
_NO_RISK = 1e-12
# Money is at work while this part of the period's largest capital is in, as the kit averages it.
_AT_WORK = 0.1
# Returns below which the platform claims no ratio and no volatility, as the kit's catalogue asks for as many: two
# returns that are all but equal would make a Sharpe ratio of thousands.
ENOUGH = 30


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
        sharpe: Of all returns so far, per year; not a number below `ENOUGH` of them.
        drawdown: The deepest so far, 0 or negative.
        volatility: Of all returns so far, per year; not a number below `ENOUGH` of them.
        returns: The true return of each close, shape (portfolios, instants); not a number elsewhere.
    """

    total_return: Floats
    daily_return: Floats
    sharpe: Floats
    drawdown: Floats
    volatility: Floats
    returns: Floats


def misstated_portfolio(portfolios: Portfolios) -> int:
    """Number of the portfolio with wrong figures on purpose: the first ordinary one after the odd ones, or 0."""
    later = [number for number, role in enumerate(portfolios.roles) if role == "ordinary" and number > 1]
    return later[0] if later else 0


def claims_of(portfolios: Portfolios, market: Market, entries: Entries, valued: Valuation) -> Claims:
    """The platform's figures at every snapshot."""
    flows = _Flows(portfolios, market, entries, valued)
    running = _Running(valued)
    for instant in range(valued.instants.day.size):
        running.step(instant, *flows.at(instant))
    claims = running.claims()
    _apply_discrepancies(claims, valued, flows, portfolio=misstated_portfolio(portfolios))
    return claims


def snapshots(portfolios: Portfolios, market: Market, valued: Valuation, claims: Claims) -> pl.DataFrame:
    """The table `portfolio_snapshots`, by portfolio and then in time."""
    portfolio, instant = valued.snapshots["portfolio"].to_numpy(), valued.snapshots["instant"].to_numpy()
    day, hour = valued.instants.day[instant], valued.instants.hour[instant]
    return fitted(
        {
            "timestamp": moments(market.days[day], hour * 3600 + LAST_SECOND),
            "portfolio_id": pl.Series(portfolios.ids).gather(portfolio),
            "total_value": valued.snapshots["total_value"],
            "total_return": rates(claims.total_return[portfolio, instant]),
            "daily_return": rates(claims.daily_return[portfolio, instant]),
            "sharpe_ratio": rates(claims.sharpe[portfolio, instant]),
            "max_drawdown": rates(claims.drawdown[portfolio, instant]),
            "volatility": rates(claims.volatility[portfolio, instant]),
            "asset_allocation": valued.snapshots["asset_allocation"],
        },
        TABLES["portfolio_snapshots"].schema,
    )


# A flow: portfolio, moment in days since 1970, and amount in USD.
Event = tuple[int, float, float]


class _Flows:
    """External flows in USD, summed by the instant they are before."""

    def __init__(self, portfolios: Portfolios, market: Market, entries: Entries, valued: Valuation) -> None:
        external = _external(entries)
        portfolio, day, second = entries.who[external], entries.day[external], entries.second[external]
        is_incoming = entries.target[external] != NOWHERE
        place = np.where(is_incoming, entries.target[external], entries.source[external])
        units = np.where(is_incoming, entries.received[external], -entries.given[external])
        dollars = units / QUANTITY * _last_quote(market, portfolios.symbols[portfolio, place], day, second)
        instant = valued.instants.after(entries)[external]
        self.amount = np.zeros(valued.shown.shape)
        np.add.at(self.amount, (portfolio, instant), dollars)
        # Each flow with its moment, in days since 1970: what averages of capital are made of.
        base = market.days.astype("datetime64[D]").astype(np.int64)
        moment = base[day] + second / DAY_SECONDS
        self.events: dict[int, list[Event]] = {}
        for place in np.lexsort((-dollars, moment)):
            event = (int(portfolio[place]), float(moment[place]), float(dollars[place]))
            self.events.setdefault(int(instant[place]), []).append(event)
        self.clock = base[valued.instants.day] + (valued.instants.hour + 1) / 24

    def at(self, instant: int) -> tuple[Floats, list[Event], float]:
        """Dollars, the flows they are made of in order of time, and the moment of an instant, in days since 1970."""
        return self.amount[:, instant], self.events.get(instant, []), float(self.clock[instant])


class _Running:
    """Statistics of the returns so far, kept as sums."""

    def __init__(self, valued: Valuation) -> None:
        size = valued.shown.shape[0]
        self.worth = valued
        self.value = np.full(size, np.nan)
        self.opened = np.zeros(size)
        self.day = np.full(size, -1)
        self.flow = np.zeros(size)
        self.events: dict[int, list[tuple[float, float]]] = {}
        self.count, self.sum, self.squares = np.zeros(size), np.zeros(size), np.zeros(size)
        self.growth, self.peak, self.deepest = np.ones(size), np.ones(size), np.zeros(size)
        self.claims_so_far = {name: np.full(valued.shown.shape, np.nan) for name in Claims.__slots__}

    def step(self, instant: int, amount: Floats, events: list[Event], clock: float) -> None:
        """One snapshot of every portfolio; a close becomes the base of what follows."""
        self.flow += amount
        for who, moment, dollars in events:
            self.events.setdefault(who, []).append((moment, dollars))
        shown = self.worth.shown[:, instant]
        now = self.worth.total[:, instant]
        ret = self._return(now, clock)
        self.claims_so_far["daily_return"][:, instant] = ret
        self.claims_so_far["total_return"][:, instant] = self.growth * (1.0 + np.nan_to_num(ret)) - 1.0
        if self.worth.instants.close[instant]:
            self.claims_so_far["returns"][:, instant] = np.where(shown, ret, np.nan)
            day = self.worth.instants.day[instant]
            self._add_return(np.where(shown, ret, np.nan), alone=day - self.day == 1)
            self.day = np.where(shown, day, self.day)
            self.value = np.where(shown, now, self.value)
            self.opened = np.where(shown, clock, self.opened)
            self.flow = np.where(shown, 0.0, self.flow)
            self.events = {who: flows for who, flows in self.events.items() if not shown[who]}
        spread = self._deviation()
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.sum / self.count / spread * np.sqrt(_YEAR)
        self.claims_so_far["sharpe"][:, instant] = np.where(spread > _NO_RISK, ratio, np.nan)
        self.claims_so_far["drawdown"][:, instant] = self.deepest
        self.claims_so_far["volatility"][:, instant] = spread * np.sqrt(_YEAR)

    def claims(self) -> Claims:
        """The figures of all snapshots."""
        return Claims(**self.claims_so_far)

    def _return(self, now: Floats, clock: float) -> Floats:
        """Modified Dietz since the last close; not a number before it, and where no capital was at work."""
        capital = self.value.copy()
        for who, flows in self.events.items():
            if not np.isnan(capital[who]):
                capital[who] = _capital(float(self.value[who]), flows, opened=float(self.opened[who]), closed=clock)
        with np.errstate(divide="ignore", invalid="ignore"):
            at_work = capital > _NO_RISK * (np.abs(self.value) + np.abs(self.flow))
            return np.where(at_work, (now - self.value - self.flow) / capital, np.nan)

    def _add_return(self, ret: Floats, *, alone: Flags) -> None:
        """Link every return; of the statistics of a day, keep those that span one."""
        known = np.nan_to_num(ret)
        daily = np.where(alone, known, 0.0)
        self.count += ~np.isnan(ret) & alone
        self.sum += daily
        self.squares += daily**2
        self.growth *= 1.0 + known
        self.peak = np.maximum(self.peak, self.growth)
        self.deepest = np.minimum(self.deepest, self.growth / self.peak - 1.0)

    def _deviation(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (self.squares - self.sum**2 / self.count) / (self.count - 1)
            return np.where(self.count >= ENOUGH, np.sqrt(np.maximum(variance, 0.0)), np.nan)


def _capital(value: float, flows: list[tuple[float, float]], *, opened: float, closed: float) -> float:
    """Average capital while money was at work, as `metrics.daily_returns` defines it."""
    balances = [value]
    for _, dollars in flows:
        balances.append(balances[-1] + dollars)
    edges = [opened, *(moment for moment, _ in flows), closed]
    threshold = max(0.0, *balances) * _AT_WORK
    capital_spans = [
        (book, until - since)
        for book, since, until in zip(balances, edges[:-1], edges[1:], strict=True)
        if book > threshold
    ]
    total_days = sum(length for _, length in capital_spans)
    return sum(book * length for book, length in capital_spans) / total_days if total_days > 0 else max(balances[1:])


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
    hourly = (day >= market.days.size - market.hourly) & (hour > 0)
    at_day, at_hour = np.where(hourly, day, day - 1), np.where(hourly, hour - 1, CLOSE)
    quote: Floats = market.prices[symbol, at_day, at_hour] / PRICE
    return quote


def _apply_discrepancies(claims: Claims, valued: Valuation, flows: _Flows, *, portfolio: int) -> None:
    """Make the claims of one portfolio wrong as `DISCREPANCIES` says."""
    last = valued.instants.day[-1]
    since = {discrepancy.column: valued.instants.day > last - discrepancy.days for discrepancy in DISCREPANCIES}
    claims.sharpe[portfolio, since["sharpe_ratio"]] *= np.sqrt(252 / _YEAR)
    claims.volatility[portfolio, since["volatility"]] *= 1.1
    closes = np.flatnonzero(valued.instants.close & valued.shown[portfolio])
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
        if flow > 0 and since["daily_return"][instant] and valued.total[portfolio, earlier] > 0:
            claims.daily_return[portfolio, instant] = (
                valued.total[portfolio, instant] / valued.total[portfolio, earlier] - 1.0
            )
