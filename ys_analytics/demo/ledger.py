"""The demo's ledger: holdings of every portfolio by place, and the entries that moved them.

Knows arithmetic and gas; decides nothing. Quantities are whole units of 1e-10, debts are negative, and the
sum of the entries is always what is held, to the last unit.
"""

from dataclasses import dataclass, fields

import numpy as np

from ys_analytics.demo.actions import ACTIONS, Action
from ys_analytics.demo.calendar import HOUR_SECONDS
from ys_analytics.demo.fixed_point import (
    QUANTITY_SCALE,
    UNITS_PER_DOLLAR,
    UNITS_PER_TOKEN,
    Flags,
    Floats,
    Ints,
    floored_units,
)
from ys_analytics.demo.identity import random_generator
from ys_analytics.demo.market import Market
from ys_analytics.demo.portfolios import Portfolios
from ys_analytics.demo.world import DEBT, ETH, MAINNET, PLACES, SECOND_CHAIN_GAS
from ys_analytics.schemas.outcomes import OUTCOMES, PAYING

STATUSES = tuple(outcome.status for outcome in OUTCOMES)
FLOWS = ("", "external", "internal")
NO_PLACE = -1

# One unit of gas times one unit of its price is one unit of quantity: gas is counted in hundreds, its price
# in 1e-12 of the native token, so a cost never needs rounding.
GAS_UNITS = 100
GAS_PRICE_SCALE = 12
_GWEI = 1_000

# Usual price of gas by chain, in gwei.
_GAS_PRICE = {0: 0.0, 1: 9.0, 10: 0.04, 137: 42.0, 42161: 0.05, 8453: 0.03}

_MIN_UNITS = UNITS_PER_TOKEN // 10**6


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """Transactions by column, in the order they happened within each portfolio.

    Attributes:
        portfolio: Number of the portfolio.
        day: Number of the market's day.
        second: Second of that day.
        action: Number in `ACTIONS`.
        source: Place given from, or NO_PLACE.
        given: Units given.
        target: Place received in, or NO_PLACE.
        received: Units received.
        chain: Chain it was on.
        gas: Gas used, in hundreds; 0 where the portfolio paid none.
        gas_price: Units of 1e-12 native token per gas.
        status: Number in `STATUSES`; what moves and pays gas: `schemas.outcomes`.
        flow: Number in `FLOWS`: what metadata says.
    """

    portfolio: Ints
    day: Ints
    second: Ints
    action: Ints
    source: Ints
    given: Ints
    target: Ints
    received: Ints
    chain: Ints
    gas: Ints
    gas_price: Ints
    status: Ints
    flow: Ints

    @property
    def size(self) -> int:
        """How many there are."""
        return self.portfolio.size

    @property
    def moved(self) -> Ints:
        """1 where the entry moved quantities, 0 where its status moves nothing."""
        moved: Ints = np.array([outcome.moves for outcome in OUTCOMES], dtype=np.int64)[self.status]
        return moved

    @property
    def gas_cost(self) -> Ints:
        """Units of the native token that gas took."""
        return self.gas * self.gas_price

    @property
    def gas_place(self) -> Ints:
        """The place gas was paid from."""
        return np.where(self.chain == MAINNET, ETH, SECOND_CHAIN_GAS)


class Book:
    """Running holdings; only `post` changes them."""

    def __init__(self, portfolios: Portfolios, market: Market, *, seed: int) -> None:
        """Open an empty book before the first day."""
        self.portfolios = portfolios
        self.market = market
        self.rng = random_generator(seed, "ledger")
        self.holdings: Ints = np.zeros((portfolios.size, len(PLACES)), dtype=np.int64)
        self.day = 0
        self.hour = 0
        self._symbols = portfolios.symbols
        self._chains = portfolios.chains
        self._fear = market.fear
        self._written: list[Entries] = []

    def move_to(self, day: int, hour: int) -> None:
        """Move on to an hour; entries of one portfolio must follow one another."""
        self.day, self.hour = day, hour
        self.prices: Floats = self.market.prices[:, day, hour][self._symbols] / UNITS_PER_DOLLAR

    @property
    def values(self) -> Floats:
        """Value of every place in USD at this hour, debts negative, shape (portfolios, places)."""
        values: Floats = self.holdings / UNITS_PER_TOKEN * self.prices
        return values

    def quantity(self, numbers: Ints, place: int, dollars: Floats) -> Ints:
        """The units of a place that `dollars` buy at this hour."""
        return floored_units(dollars / self.prices[numbers, place], QUANTITY_SCALE)

    def post(
        self,
        numbers: Ints,
        action: Action,
        *,
        source: int = NO_PLACE,
        given: Ints | None = None,
        target: int = NO_PLACE,
        received: Ints | None = None,
        status: str = "confirmed",
        flow: str = "",
    ) -> None:
        """Write one entry for each portfolio in `numbers` that can afford it, and move what it moves.

        Args:
            numbers: Numbers of portfolios, each once.
            action: What they do.
            source: The place they give from; what they have not got cannot be given, except to owe more.
            given: Units given, by portfolio.
            target: The place they receive in.
            received: Units received; None converts `given` at this hour's prices less the action's fee.
            status: The transaction's status.
            flow: The flow that metadata state, which overrides the rule.
        """
        if numbers.size == 0:
            return
        given_units = np.zeros(numbers.size, dtype=np.int64) if given is None else given
        received_units = self._converted(numbers, action, source, given_units, target) if received is None else received
        chain = self._chains[numbers, target if source == NO_PLACE else source]
        gas, price = self._gas(action, chain, status)
        is_possible = self._affordable(numbers, source, given_units, chain, gas * price) & (
            np.maximum(given_units, received_units) > _MIN_UNITS
        )
        numbers, given_units, received_units, chain, gas, price = (
            row[is_possible] for row in (numbers, given_units, received_units, chain, gas, price)
        )
        if numbers.size == 0:
            return
        ones = np.ones(numbers.size, dtype=np.int64)
        entry = Entries(
            portfolio=numbers,
            day=ones * self.day,
            second=self.hour * HOUR_SECONDS + self.rng.integers(0, HOUR_SECONDS - 1, numbers.size),
            action=ones * ACTIONS.index(action),
            source=ones * source,
            given=given_units,
            target=ones * target,
            received=received_units,
            chain=chain,
            gas=gas,
            gas_price=price,
            status=ones * STATUSES.index(status),
            flow=ones * FLOWS.index(flow),
        )
        apply_entries(self.holdings, entry)
        self._written.append(entry)

    def entries(self) -> Entries:
        """Everything written so far, by portfolio and then in time."""
        names = [field.name for field in fields(Entries)]
        empty = np.zeros(0, dtype=np.int64)
        joined = {name: np.concatenate([empty, *(getattr(entry, name) for entry in self._written)]) for name in names}
        order = np.lexsort((joined["second"], joined["day"], joined["portfolio"]))
        return Entries(**{name: column[order] for name, column in joined.items()})

    def _converted(self, numbers: Ints, action: Action, source: int, given_units: Ints, target: int) -> Ints:
        if target == NO_PLACE:
            return np.zeros_like(given_units)
        if action.at_par:
            return given_units
        dollars = given_units / UNITS_PER_TOKEN * self.prices[numbers, source] * (1.0 - action.fee)
        return self.quantity(numbers, target, dollars)

    def _gas(self, action: Action, chain: Ints, status: str) -> tuple[Ints, Ints]:
        """Gas in hundreds and its price; none where the action needs none or was never included."""
        if action.gas == 0 or status not in PAYING:
            return np.zeros_like(chain), np.zeros_like(chain)
        usual_price = np.array([_GAS_PRICE[int(number)] for number in chain])
        demand = np.exp(self.rng.normal(0.0, 0.3, chain.size)) * (1.0 + 2.5 * self._fear[self.day])
        price = np.where(chain > 0, np.maximum(1, np.rint(usual_price * demand * _GWEI)), 0).astype(np.int64)
        gas = np.rint(action.gas * self.rng.uniform(0.85, 1.15, chain.size)).astype(np.int64)
        return np.where(chain > 0, gas, 0), price

    def _affordable(self, numbers: Ints, source: int, given_units: Ints, chain: Ints, cost: Ints) -> Flags:
        """Whether a portfolio has what it gives and the gas for it."""
        gas_place = np.where(chain == MAINNET, ETH, SECOND_CHAIN_GAS)
        gas_left = self.holdings[numbers, gas_place] - np.where(gas_place == source, given_units, 0)
        can_pay_gas: Flags = (cost == 0) | (gas_left >= cost)
        if source in (NO_PLACE, DEBT):
            return can_pay_gas
        has_enough: Flags = self.holdings[numbers, source] >= given_units
        return can_pay_gas & has_enough


def apply_entries(holdings: Ints, entries: Entries) -> None:
    """Add what the entries moved to holdings of shape (portfolios, places)."""
    for place, change in ((entries.source, -entries.given), (entries.target, entries.received)):
        has_moved = (place != NO_PLACE) & (entries.moved == 1)
        np.add.at(holdings, (entries.portfolio[has_moved], place[has_moved]), change[has_moved])
    np.add.at(holdings, (entries.portfolio, entries.gas_place), -entries.gas_cost)
