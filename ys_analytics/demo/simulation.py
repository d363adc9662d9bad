"""What the portfolios do, day by day: pay in, invest towards their target weights, earn, borrow, repay, withdraw.

Depends on the ledger, which does the arithmetic. One pass over the days, each step for all portfolios at
once. Each kind of step has an hour of its own, so what a step sees is what the steps before it left.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from ys_analytics.demo import actions
from ys_analytics.demo.fixed_point import QUANTITY_SCALE, UNITS_PER_TOKEN, Flags, Floats, Ints, floored_units
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
    LIDO,
    LIQUIDATION_THRESHOLDS,
    LP,
    PLACES,
    SECOND_CHAIN_GAS,
    SECOND_CHAIN_USDC,
    STETH,
    TBILL,
    UNI,
    UNISWAP_FARM,
    USDC,
    USDT,
)

# What a borrower pays, as a multiple of what a lender of the same coin earns.
BORROW_SPREAD = 1.32

_SUNDAY = 6
_YEAR = 365
# Ether that is not spent on anything but gas, in units.
_ETHER_RESERVE = UNITS_PER_TOKEN // 2
# Days after its first money in which a portfolio builds its positions.
_BUILD_UP_DAYS = 16
# Health factor below which a borrower pays back.
_MIN_HEALTH = 1.28
# USD of the second chain's token that are sent when less than a fifth of it is left.
_GAS_TRANSFER = 40.0
# Hours of external flows: one of these a day, never one that a step has.
_FLOW_HOURS = (0, 10, 12, 16, 19, 23)
_FUNDED_BY = {STETH: ETH, AWETH: ETH, FARM: LP}
_SINGLE_ASSET: tuple[tuple[Role, int], ...] = (("hold", BTC), ("new", BTC), ("losing", USDT), ("still", TBILL))


def simulate(portfolios: Portfolios, market: Market, rates: Rates, *, seed: int) -> Entries:
    """Everything that happened to every portfolio, in order."""
    simulation = _Simulation(portfolios, market, rates, seed=seed)
    for day in range(market.days.size):
        simulation.simulate_day(day)
    return simulation.book.entries()


def health(values: Floats) -> Floats:
    """Health factor of each portfolio: what its collateral may back over what it owes; infinite without a debt.

    Args:
        values: USD by place, debts negative; the places are the last axis.
    """
    backing = sum(
        (values[..., place] * share for place, share in LIQUIDATION_THRESHOLDS.items()), np.zeros(values.shape[:-1])
    )
    owed = -values[..., DEBT]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(owed > 0, backing / owed, np.inf)


class _Simulation:
    """The book, and what has been earned but not yet credited."""

    def __init__(self, portfolios: Portfolios, market: Market, rates: Rates, *, seed: int) -> None:
        self.book = Book(portfolios, market, seed=seed)
        self.portfolios = portfolios
        self.market = market
        self.rates = rates
        self.rng = self.book.rng
        self.fear = market.fear
        self.earned: Floats = np.zeros((portfolios.size, len(PLACES)))
        self.routine = portfolios.with_role("ordinary", "gap", "text", "refilled")
        self.losing = portfolios.with_role("losing")
        self.weekday = (market.days.astype("datetime64[D]").astype(np.int64) + 3) % 7

    def simulate_day(self, day: int) -> None:
        """One day of all portfolios, in the order of its hours."""
        flow_hour = int(self.rng.choice(_FLOW_HOURS))
        steps: list[tuple[int, Callable[[int, Ints], None]]] = [
            (3, self._credit),
            (5, self._keep_gas),
            (7, self._stay_healthy),
            (11, self._rebalance),
            (15, self._borrow),
            (17, self._fail_swaps),
            (flow_hour, partial(self._move_money, hour=flow_hour)),
        ]
        self._fund(day)
        self._trade_at_a_loss(day)
        active = self._active(day)
        for _, step in sorted(steps, key=lambda step: step[0]):
            step(day, active)
        self._withdraw_all(day)
        self._accrue(day)

    def _active(self, day: int) -> Ints:
        """Portfolios that follow a routine, are open and funded."""
        unfunded = self.portfolios.unfunded_days[self.routine]
        is_unfunded = (day >= unfunded[:, 0]) & (day < unfunded[:, 1])
        return self.routine[(self.portfolios.opened[self.routine] <= day) & ~is_unfunded]

    def _sample(self, numbers: Ints, share: float) -> Ints:
        return numbers[self.rng.random(numbers.size) < share]

    def _is_building_up(self, day: int, numbers: Ints) -> Flags:
        opened = self.portfolios.opened[numbers]
        refilled = self.portfolios.unfunded_days[numbers, 1]
        return (day - np.where((refilled >= 0) & (day >= refilled), refilled, opened)) < _BUILD_UP_DAYS

    def _fund(self, day: int) -> None:
        """The first deposit, mostly dollars and some ether; again on the day a portfolio is refilled."""
        starting = np.flatnonzero((self.portfolios.opened == day) | (self.portfolios.unfunded_days[:, 1] == day))
        numbers = np.intersect1d(self.routine, starting)
        for hour, place, share in ((1, USDC, 0.85), (2, ETH, 0.15)):
            self.book.move_to(day, hour)
            self._pay_in(numbers, place, share * self.portfolios.capital[numbers])
        for role, place in _SINGLE_ASSET:
            single_asset = np.intersect1d(self.portfolios.with_role(role), starting)
            self._pay_in(single_asset, place, self.portfolios.capital[single_asset])

    def _pay_in(self, numbers: Ints, place: int, dollars: Floats) -> None:
        self.book.post(numbers, actions.DEPOSIT, target=place, received=self.book.quantity(numbers, place, dollars))

    def _trade_at_a_loss(self, day: int) -> None:
        """Trade all into ether at ten, all back at six in the evening, and less than before at any price of the day."""
        numbers = self.losing[self.portfolios.opened[self.losing] < day]
        if numbers.size == 0:
            return
        dollars = self.book.holdings[numbers, USDT]
        symbol = self.portfolios.symbols[numbers, USDT]
        before, after = (self.market.prices[symbol, close_day, CLOSE] for close_day in (day - 1, day))
        loss = self.rng.uniform(0.0005, 0.0045, numbers.size)
        returned = floored_units(
            dollars / UNITS_PER_TOKEN * np.minimum(1.0, before / after) * (1.0 - loss), QUANTITY_SCALE
        )
        self.book.move_to(day, 10)
        self.book.post(numbers, actions.ROUND_TRIP_OUT, source=USDT, given=dollars, target=ETH)
        self.book.move_to(day, 18)
        ether = self.book.holdings[numbers, ETH]
        self.book.post(numbers, actions.ROUND_TRIP_BACK, source=ETH, given=ether, target=USDT, received=returned)

    def _withdraw_all(self, day: int) -> None:
        """The one that takes everything out, late in the evening."""
        numbers = np.flatnonzero(self.portfolios.unfunded_days[:, 0] == day)
        self.book.move_to(day, 21)
        for place in range(len(PLACES)) if numbers.size else ():
            self.book.post(numbers, actions.WITHDRAW_ALL, source=place, given=self.book.holdings[numbers, place])

    def _accrue(self, day: int) -> None:
        """What the day's close earned or cost, kept until it is credited."""
        self.book.move_to(day, CLOSE)
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
        self.book.move_to(day, 3)
        for place, action in ((STETH, actions.REBASE), (AUSDC, actions.INTEREST), (AWETH, actions.INTEREST)):
            self.book.post(active, action, target=place, received=self._take_earned(active, place))
        self.book.post(active, actions.DEBT_INTEREST, source=DEBT, given=self._take_earned(active, DEBT))
        if day // 7 % 2:
            self.book.move_to(day, 4)
            can_pay_gas = active[self.book.holdings[active, ETH] > _ETHER_RESERVE // 2]
            self.book.post(can_pay_gas, actions.HARVEST, target=UNI, received=self._take_earned(can_pay_gas, FARM))

    def _take_earned(self, numbers: Ints, place: int) -> Ints:
        """Whole units earned, taken off the account."""
        units: Ints = np.floor(self.earned[numbers, place]).astype(np.int64)
        self.earned[numbers, place] -= units
        return units

    def _keep_gas(self, day: int, active: Ints) -> None:
        """Enough ether for gas, and enough of the second chain's token where there is business."""
        held = self.book.holdings
        self.book.move_to(day, 5)
        low = active[held[active, ETH] < _ETHER_RESERVE // 3]
        cost = 0.4 * self.book.prices[low, ETH]
        self.book.post(low, actions.BUY_GAS, source=USDC, given=self.book.quantity(low, USDC, cost), target=ETH)
        self.book.move_to(day, 6)
        on_second_chain = active[
            (self.portfolios.target_weights[active, SECOND_CHAIN_USDC] > 0) | (held[active, SECOND_CHAIN_USDC] > 0)
        ]
        low = on_second_chain[self.book.values[on_second_chain, SECOND_CHAIN_GAS] < _GAS_TRANSFER / 5]
        dollars = np.full(low.size, _GAS_TRANSFER)
        self.book.post(
            low, actions.SEND_GAS, source=ETH, given=self.book.quantity(low, ETH, dollars), target=SECOND_CHAIN_GAS
        )

    def _stay_healthy(self, day: int, active: Ints) -> None:
        """Collateral that fell: redeem some of it, sell it, pay back."""
        self.book.move_to(day, 7)
        health_factor = health(self.book.values[active])
        numbers, health_factor = active[health_factor < _MIN_HEALTH], health_factor[health_factor < _MIN_HEALTH]
        if numbers.size == 0:
            return
        before = self.book.holdings[numbers, AWETH].copy()
        # Redeeming itself must not liquidate.
        share = np.clip(1.0 - 1.04 / health_factor, 0.0, 0.25)
        collateral = actions.ROUTES[AWETH]
        self.book.post(numbers, collateral.leave, source=AWETH, given=(before * share).astype(np.int64), target=ETH)
        redeemed = before - self.book.holdings[numbers, AWETH]
        self.book.move_to(day, 8)
        self.book.post(numbers, actions.ROUTES[ETH].leave, source=ETH, given=redeemed, target=USDC)
        self.book.move_to(day, 9)
        owed = -self.book.holdings[numbers, DEBT]
        cash = self.book.holdings[numbers, USDC]
        paid = np.minimum((0.9 * cash).astype(np.int64), (0.4 * owed).astype(np.int64))
        self.book.post(numbers, actions.REPAY, source=USDC, given=paid, target=DEBT)

    def _rebalance(self, day: int, active: Ints) -> None:
        """Trade towards the target weight that is farthest off: sell what is overweight, then buy what is not."""
        probability = np.where(self._is_building_up(day, active), 0.9, 0.14)
        numbers = active[self.rng.random(active.size) < probability]
        if numbers.size == 0:
            return
        self.book.move_to(day, 11)
        place, gap = self._largest_gap(numbers)
        for route_place, route in actions.ROUTES.items():
            chosen = (place == route_place) & (gap < 0)
            overweight = numbers[chosen]
            excess = np.minimum(
                self.book.quantity(overweight, route_place, -gap[chosen]), self.book.holdings[overweight, route_place]
            )
            self.book.post(overweight, route.leave, source=route_place, given=excess, target=route.source)
        self.book.move_to(day, 13)
        for route_place, route in actions.ROUTES.items():
            chosen = (place == route_place) & (gap > 0)
            underweight = numbers[chosen]
            funds = self.book.holdings[underweight, route.source] - (_ETHER_RESERVE if route.source == ETH else 0)
            spent = np.minimum(self.book.quantity(underweight, route.source, gap[chosen]), np.maximum(funds, 0))
            self.book.post(underweight, route.enter, source=route.source, given=spent, target=route_place)

    def _largest_gap(self, numbers: Ints) -> tuple[Ints, Floats]:
        """The place farthest from its target weight, and by how many USD; -1 where all are near enough."""
        values = self.book.values[numbers]
        net = values.sum(axis=1)
        gap = self.portfolios.target_weights[numbers] * net[:, None] - values
        for place, source in _FUNDED_BY.items():
            gap[:, source] += np.maximum(gap[:, place], 0.0)
        # A target that nothing can pay for waits; collateral of a debt stays where it is.
        must_keep_collateral = health(values) < 2.0  # noqa: PLR2004 - twice what the lender asks
        for place, route in actions.ROUTES.items():
            gap[:, place] = np.minimum(gap[:, place], np.maximum(values[:, route.source], 0.0))
            if place in LIQUIDATION_THRESHOLDS:
                gap[:, place] = np.where(must_keep_collateral, np.maximum(gap[:, place], 0.0), gap[:, place])
        gap[:, [place for place in range(len(PLACES)) if place not in actions.ROUTES]] = 0.0
        place = np.abs(gap).argmax(axis=1)
        size = gap[np.arange(numbers.size), place]
        is_near = np.abs(size) < np.maximum(150.0, 0.015 * net)
        return np.where(is_near, -1, place), size

    def _borrow(self, day: int, active: Ints) -> None:
        """Up to the wanted share of the collateral, in quiet times."""
        if self.fear[day] > 0.6:  # noqa: PLR2004 - no portfolio borrows in a panic
            return
        self.book.move_to(day, 15)
        numbers = self._sample(active[self.portfolios.leverage[active] > 0], 0.25)
        values = self.book.values[numbers]
        target_debt = self.portfolios.leverage[numbers] * values[:, list(LIQUIDATION_THRESHOLDS)].sum(axis=1)
        shortfall = target_debt + values[:, DEBT]
        numbers, shortfall = (
            numbers[shortfall > 0.15 * target_debt + 500.0],
            shortfall[shortfall > 0.15 * target_debt + 500.0],
        )
        borrowed = self.book.quantity(numbers, DEBT, shortfall)
        self.book.post(numbers, actions.BORROW, source=DEBT, given=borrowed, target=USDC)

    def _fail_swaps(self, day: int, active: Ints) -> None:
        """Swaps that failed or were replaced; on the last day some are still pending."""
        self.book.move_to(day, 17)
        draw = self.rng.random(active.size)
        outcomes = [("failed", draw < 0.016), ("replaced", draw > 0.993)]  # noqa: PLR2004 - shares of all days
        if day == self.market.days.size - 1:
            outcomes.append(("pending", (draw > 0.1) & (draw < 0.5)))  # noqa: PLR2004 - shares of the last day
        for status, is_affected in outcomes:
            numbers = active[is_affected]
            given = self.book.holdings[numbers, USDC] // 10
            self.book.post(numbers, actions.UNCONFIRMED_SWAP, source=USDC, given=given, target=ETH, status=status)

    def _move_money(self, day: int, active: Ints, *, hour: int) -> None:
        """Deposits and withdrawals, and the three kinds in which metadata overrides the rule."""
        numbers = active[~self._is_building_up(day, active)]
        draw = self.rng.random(numbers.size)
        dollars = self.portfolios.capital * self.rng.uniform(0.02, 0.12)
        held = self.book.holdings
        self.book.move_to(day, hour)
        for place, low, high in ((USDC, 0.0, 0.016), (ETH, 0.016, 0.020)):
            depositing = numbers[(draw >= low) & (draw < high)]
            self._pay_in(depositing, place, dollars[depositing])
        withdrawing = numbers[(draw >= 0.020) & (draw < 0.036)]  # noqa: PLR2004 - one day in sixty
        self.book.post(
            withdrawing, actions.WITHDRAW, source=USDC, given=(held[withdrawing, USDC] * 0.6).astype(np.int64)
        )
        supplied = numbers[(draw >= 0.036) & (draw < 0.040)]  # noqa: PLR2004 - one day in 250
        supplied = supplied[self.portfolios.target_weights[supplied, AUSDC] > 0]
        units = self.book.quantity(supplied, AUSDC, dollars[supplied])
        self.book.post(supplied, actions.DEPOSIT_AT_PROTOCOL, target=AUSDC, received=units, flow="external")
        bridging = numbers[(draw >= 0.040) & (draw < 0.043)]  # noqa: PLR2004 - one day in 300
        bridging = bridging[self.portfolios.target_weights[bridging, SECOND_CHAIN_USDC] > 0]
        units = self.book.quantity(bridging, SECOND_CHAIN_USDC, dollars[bridging])
        self.book.post(bridging, actions.BRIDGE_IN, target=SECOND_CHAIN_USDC, received=units, flow="external")
        changing_wallet = numbers[(draw >= 0.043) & (draw < 0.047)]  # noqa: PLR2004 - one day in 250
        half = held[changing_wallet, USDC] // 2
        self.book.post(changing_wallet, actions.MOVE_WALLET, source=USDC, given=half, target=USDC, flow="internal")
