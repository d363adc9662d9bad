"""What the portfolios do, day by day: pay in, invest towards their wishes, earn, borrow, repay, withdraw.

Depends on the ledger, which does the arithmetic. One pass over the days, each step for all portfolios at
once. Each kind of step has an hour of its own, so what a step sees is what the steps before it left.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from ys_analytics.demo import actions
from ys_analytics.demo.fixed_point import QUANTITY, QUANTITY_SCALE, Flags, Floats, Ints, below
from ys_analytics.demo.ledger import Book, Entries
from ys_analytics.demo.market import CLOSE, Market
from ys_analytics.demo.pools import Rates
from ys_analytics.demo.portfolios import Portfolios, Role
from ys_analytics.demo.world import (
    AAVE_USDC,
    AAVE_WETH,
    AUSDC,
    AWETH,
    BTC,
    DEBT,
    ETH,
    FARM,
    GAS_2,
    LIDO,
    LP,
    PLACES,
    STETH,
    TBILL,
    THRESHOLD,
    UNI,
    UNISWAP_FARM,
    USDC,
    USDC_2,
    USDT,
)

# What a borrower pays, as a multiple of what a lender of the same coin earns.
BORROW_SPREAD = 1.32

_SUNDAY = 6
_YEAR = 365
# Ether that is not spent on anything but gas, in units.
_RESERVE = QUANTITY // 2
# Days after its first money in which a portfolio builds its positions.
_SETTLING = 16
# Health factor below which a borrower pays back.
_SAFE = 1.28
# USD of the second chain's token that are sent when less than a fifth of it is left.
_FUEL = 40.0
# When money crosses the edge of a portfolio: one of these hours a day, never one that a step has.
_EDGE_HOURS = (0, 10, 12, 16, 19, 23)
_FUNDED_BY = {STETH: ETH, AWETH: ETH, FARM: LP}
_ALONE: tuple[tuple[Role, int], ...] = (("hold", BTC), ("new", BTC), ("losing", USDT), ("still", TBILL))


def simulate(cast: Portfolios, market: Market, rates: Rates, *, seed: int) -> Entries:
    """Everything that happened to every portfolio, in order."""
    story = _Simulation(cast, market, rates, seed=seed)
    for day in range(market.days.size):
        story.live(day)
    return story.book.entries()


def health(values: Floats) -> Floats:
    """Health factor of each portfolio: what its collateral may back over what it owes; infinite without a debt.

    Args:
        values: USD by place, debts negative; the places are the last axis.
    """
    backing = sum((values[..., place] * share for place, share in THRESHOLD.items()), np.zeros(values.shape[:-1]))
    owed = -values[..., DEBT]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(owed > 0, backing / owed, np.inf)


class _Simulation:
    """The book, and what has been earned but not yet credited."""

    def __init__(self, cast: Portfolios, market: Market, rates: Rates, *, seed: int) -> None:
        self.book = Book(cast, market, seed=seed)
        self.cast = cast
        self.market = market
        self.rates = rates
        self.chance = self.book.chance
        self.fear = market.fear
        self.earned: Floats = np.zeros((cast.size, len(PLACES)))
        self.routine = cast.playing("ordinary", "gap", "text", "refilled")
        self.losing = cast.playing("losing")
        self.weekday = (market.days.astype("datetime64[D]").astype(np.int64) + 3) % 7

    def live(self, day: int) -> None:
        """One day of all portfolios, in the order of its hours."""
        edge = int(self.chance.choice(_EDGE_HOURS))
        steps: list[tuple[int, Callable[[int, Ints], None]]] = [
            (3, self._credit),
            (5, self._keep_gas),
            (7, self._stay_healthy),
            (11, self._rebalance),
            (15, self._borrow),
            (17, self._mishaps),
            (edge, partial(self._cross_the_edge, hour=edge)),
        ]
        self._fund(day)
        self._lose(day)
        active = self._active(day)
        for _, step in sorted(steps, key=lambda step: step[0]):
            step(day, active)
        self._empty(day)
        self._accrue(day)

    def _active(self, day: int) -> Ints:
        """Portfolios that follow a routine, have begun, and are not away."""
        away = self.cast.away[self.routine]
        gone = (day >= away[:, 0]) & (day < away[:, 1])
        return self.routine[(self.cast.opened[self.routine] <= day) & ~gone]

    def _some(self, who: Ints, share: float) -> Ints:
        return who[self.chance.random(who.size) < share]

    def _settling(self, day: int, who: Ints) -> Flags:
        began = self.cast.opened[who]
        again = self.cast.away[who, 1]
        return (day - np.where((again >= 0) & (day >= again), again, began)) < _SETTLING

    def _fund(self, day: int) -> None:
        """The first money: mostly dollars, some ether; and again for whom it begins anew."""
        starting = np.flatnonzero((self.cast.opened == day) | (self.cast.away[:, 1] == day))
        who = np.intersect1d(self.routine, starting)
        for hour, place, share in ((1, USDC, 0.85), (2, ETH, 0.15)):
            self.book.at(day, hour)
            self._pay_in(who, place, share * self.cast.capital[who])
        for role, place in _ALONE:
            alone = np.intersect1d(self.cast.playing(role), starting)
            self._pay_in(alone, place, self.cast.capital[alone])

    def _pay_in(self, who: Ints, place: int, dollars: Floats) -> None:
        self.book.post(who, actions.DEPOSIT, target=place, received=self.book.quantity(who, place, dollars))

    def _lose(self, day: int) -> None:
        """All into ether at ten, all back at six in the evening, and less than before at any price of the day."""
        who = self.losing[self.cast.opened[self.losing] < day]
        if who.size == 0:
            return
        dollars = self.book.holdings[who, USDT]
        symbol = self.cast.symbols[who, USDT]
        before, after = (self.market.prices[symbol, one, CLOSE] for one in (day - 1, day))
        loss = self.chance.uniform(0.0005, 0.0045, who.size)
        left = below(dollars / QUANTITY * np.minimum(1.0, before / after) * (1.0 - loss), QUANTITY_SCALE)
        self.book.at(day, 10)
        self.book.post(who, actions.ROUND_TRIP_OUT, source=USDT, given=dollars, target=ETH)
        self.book.at(day, 18)
        ether = self.book.holdings[who, ETH]
        self.book.post(who, actions.ROUND_TRIP_BACK, source=ETH, given=ether, target=USDT, received=left)

    def _empty(self, day: int) -> None:
        """The one that takes everything out, late in the evening."""
        leaving = np.flatnonzero(self.cast.away[:, 0] == day)
        self.book.at(day, 21)
        for place in range(len(PLACES)) if leaving.size else ():
            self.book.post(leaving, actions.SWEEP, source=place, given=self.book.holdings[leaving, place])

    def _accrue(self, day: int) -> None:
        """What the day's close earned or cost, kept until it is credited."""
        self.book.at(day, CLOSE)
        held, paid = self.book.holdings, self.rates.fees[:, day] / _YEAR
        self.earned[:, STETH] += held[:, STETH] * paid[LIDO]
        self.earned[:, AUSDC] += held[:, AUSDC] * paid[AAVE_USDC]
        self.earned[:, AWETH] += held[:, AWETH] * paid[AAVE_WETH]
        self.earned[:, DEBT] -= held[:, DEBT] * paid[AAVE_USDC] * BORROW_SPREAD
        # Rewards are paid in UNI, by what the farmed share is worth.
        rewards = self.rates.rewards[UNISWAP_FARM, day] / _YEAR
        self.earned[:, FARM] += held[:, FARM] * rewards * self.book.prices[:, FARM] / self.book.prices[:, UNI]

    def _credit(self, day: int, active: Ints) -> None:
        """On Sundays what was earned is credited and what is owed grows; rewards are claimed every other Sunday."""
        if self.weekday[day] != _SUNDAY:
            return
        self.book.at(day, 3)
        for place, action in ((STETH, actions.REBASE), (AUSDC, actions.INTEREST), (AWETH, actions.INTEREST)):
            self.book.post(active, action, target=place, received=self._due(active, place))
        self.book.post(active, actions.DEBT_INTEREST, source=DEBT, given=self._due(active, DEBT))
        if day // 7 % 2:
            self.book.at(day, 4)
            able = active[self.book.holdings[active, ETH] > _RESERVE // 2]
            self.book.post(able, actions.HARVEST, target=UNI, received=self._due(able, FARM))

    def _due(self, who: Ints, place: int) -> Ints:
        """Whole units earned, taken off the account."""
        units: Ints = np.floor(self.earned[who, place]).astype(np.int64)
        self.earned[who, place] -= units
        return units

    def _keep_gas(self, day: int, active: Ints) -> None:
        """Enough ether for gas, and enough of the second chain's token where there is business."""
        held = self.book.holdings
        self.book.at(day, 5)
        low = active[held[active, ETH] < _RESERVE // 3]
        cost = 0.4 * self.book.prices[low, ETH]
        self.book.post(low, actions.BUY_GAS, source=USDC, given=self.book.quantity(low, USDC, cost), target=ETH)
        self.book.at(day, 6)
        abroad = active[(self.cast.wishes[active, USDC_2] > 0) | (held[active, USDC_2] > 0)]
        low = abroad[self.book.values[abroad, GAS_2] < _FUEL / 5]
        fuel = np.full(low.size, _FUEL)
        self.book.post(low, actions.SEND_GAS, source=ETH, given=self.book.quantity(low, ETH, fuel), target=GAS_2)

    def _stay_healthy(self, day: int, active: Ints) -> None:
        """Collateral that fell: redeem some of it, sell it, pay back."""
        self.book.at(day, 7)
        factor = health(self.book.values[active])
        who, factor = active[factor < _SAFE], factor[factor < _SAFE]
        if who.size == 0:
            return
        before = self.book.holdings[who, AWETH].copy()
        # Redeeming itself must not liquidate.
        share = np.clip(1.0 - 1.04 / factor, 0.0, 0.25)
        collateral = actions.ROUTES[AWETH]
        self.book.post(who, collateral.leave, source=AWETH, given=(before * share).astype(np.int64), target=ETH)
        redeemed = before - self.book.holdings[who, AWETH]
        self.book.at(day, 8)
        self.book.post(who, actions.ROUTES[ETH].leave, source=ETH, given=redeemed, target=USDC)
        self.book.at(day, 9)
        owed = -self.book.holdings[who, DEBT]
        cash = self.book.holdings[who, USDC]
        paid = np.minimum((0.9 * cash).astype(np.int64), (0.4 * owed).astype(np.int64))
        self.book.post(who, actions.REPAY, source=USDC, given=paid, target=DEBT)

    def _rebalance(self, day: int, active: Ints) -> None:
        """Towards the wish that is farthest off: first those who have too much, then those who have too little."""
        keen = np.where(self._settling(day, active), 0.9, 0.14)
        who = active[self.chance.random(active.size) < keen]
        if who.size == 0:
            return
        self.book.at(day, 11)
        place, gap = self._farthest(who)
        for one, route in actions.ROUTES.items():
            chosen = (place == one) & (gap < 0)
            over = who[chosen]
            spare = np.minimum(self.book.quantity(over, one, -gap[chosen]), self.book.holdings[over, one])
            self.book.post(over, route.leave, source=one, given=spare, target=route.source)
        self.book.at(day, 13)
        for one, route in actions.ROUTES.items():
            chosen = (place == one) & (gap > 0)
            under = who[chosen]
            funds = self.book.holdings[under, route.source] - (_RESERVE if route.source == ETH else 0)
            spent = np.minimum(self.book.quantity(under, route.source, gap[chosen]), np.maximum(funds, 0))
            self.book.post(under, route.enter, source=route.source, given=spent, target=one)

    def _farthest(self, who: Ints) -> tuple[Ints, Floats]:
        """The place farthest from its wish, and by how many USD; -1 where all are near enough."""
        values = self.book.values[who]
        net = values.sum(axis=1)
        gap = self.cast.wishes[who] * net[:, None] - values
        for place, source in _FUNDED_BY.items():
            gap[:, source] += np.maximum(gap[:, place], 0.0)
        # A wish that nothing can pay for waits; collateral of a debt stays where it is.
        bound = health(values) < 2.0  # noqa: PLR2004 - twice what the lender asks
        for place, route in actions.ROUTES.items():
            gap[:, place] = np.minimum(gap[:, place], np.maximum(values[:, route.source], 0.0))
            if place in THRESHOLD:
                gap[:, place] = np.where(bound, np.maximum(gap[:, place], 0.0), gap[:, place])
        gap[:, [place for place in range(len(PLACES)) if place not in actions.ROUTES]] = 0.0
        place = np.abs(gap).argmax(axis=1)
        size = gap[np.arange(who.size), place]
        near = np.abs(size) < np.maximum(150.0, 0.015 * net)
        return np.where(near, -1, place), size

    def _borrow(self, day: int, active: Ints) -> None:
        """Up to the wanted share of the collateral, in quiet times."""
        if self.fear[day] > 0.6:  # noqa: PLR2004 - no portfolio borrows in a panic
            return
        self.book.at(day, 15)
        who = self._some(active[self.cast.leverage[active] > 0], 0.25)
        values = self.book.values[who]
        wanted = self.cast.leverage[who] * values[:, list(THRESHOLD)].sum(axis=1)
        short = wanted + values[:, DEBT]
        who, short = who[short > 0.15 * wanted + 500.0], short[short > 0.15 * wanted + 500.0]
        lent = self.book.quantity(who, DEBT, short)
        self.book.post(who, actions.BORROW, source=DEBT, given=lent, target=USDC)

    def _mishaps(self, day: int, active: Ints) -> None:
        """Swaps that failed or were replaced; on the last day some are still pending."""
        self.book.at(day, 17)
        luck = self.chance.random(active.size)
        fates = [("failed", luck < 0.016), ("replaced", luck > 0.993)]  # noqa: PLR2004 - shares of all days
        if day == self.market.days.size - 1:
            fates.append(("pending", (luck > 0.1) & (luck < 0.5)))  # noqa: PLR2004 - shares of the last day
        for status, unlucky in fates:
            who = active[unlucky]
            tried = self.book.holdings[who, USDC] // 10
            self.book.post(who, actions.MISHAP, source=USDC, given=tried, target=ETH, status=status)

    def _cross_the_edge(self, day: int, active: Ints, *, hour: int) -> None:
        """Deposits and withdrawals, and the three kinds in which metadata overrides the rule."""
        who = active[~self._settling(day, active)]
        luck = self.chance.random(who.size)
        capital = self.cast.capital * self.chance.uniform(0.02, 0.12)
        held = self.book.holdings
        self.book.at(day, hour)
        for place, low, high in ((USDC, 0.0, 0.016), (ETH, 0.016, 0.020)):
            paying = who[(luck >= low) & (luck < high)]
            self._pay_in(paying, place, capital[paying])
        taking = who[(luck >= 0.020) & (luck < 0.036)]  # noqa: PLR2004 - one day in sixty
        self.book.post(taking, actions.WITHDRAW, source=USDC, given=(held[taking, USDC] * 0.6).astype(np.int64))
        helped = who[(luck >= 0.036) & (luck < 0.040)]  # noqa: PLR2004 - one day in 250
        helped = helped[self.cast.wishes[helped, AUSDC] > 0]
        sent = self.book.quantity(helped, AUSDC, capital[helped])
        self.book.post(helped, actions.DEPOSIT_AT_PROTOCOL, target=AUSDC, received=sent, flow="external")
        abroad = who[(luck >= 0.040) & (luck < 0.043)]  # noqa: PLR2004 - one day in 300
        abroad = abroad[self.cast.wishes[abroad, USDC_2] > 0]
        sent = self.book.quantity(abroad, USDC_2, capital[abroad])
        self.book.post(abroad, actions.BRIDGE_IN, target=USDC_2, received=sent, flow="external")
        moving = who[(luck >= 0.043) & (luck < 0.047)]  # noqa: PLR2004 - one day in 250
        half = held[moving, USDC] // 2
        self.book.post(moving, actions.MOVE_WALLET, source=USDC, given=half, target=USDC, flow="internal")
