"""The demo's portfolios: ordinary ones and edge cases, their targets and when each was opened.

Knows targets, no price and no transaction. The first portfolio is ordinary, the second buys
bitcoin once, then come the seven edge cases; all others are ordinary.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from ys_analytics.demo.fixed_point import Floats, Ints
from ys_analytics.demo.identity import name_id, random_generator
from ys_analytics.demo.market import Market
from ys_analytics.demo.world import (
    AAVE,
    AUSDC,
    AWETH,
    BTC,
    DAI,
    ETH,
    FARM,
    LAYER_2,
    LINK,
    LP,
    NATIVE,
    PLACES,
    SECOND_CHAIN_USDC,
    STETH,
    SYMBOLS,
    TBILL,
    UNI,
    USDT,
)

Role = Literal["ordinary", "hold", "empty", "new", "losing", "still", "gap", "refilled", "text"]

BUY_AND_HOLD = "Buy and hold BTC"
HOSTILE_NAME = '<script>alert(1)</script> & Söhne "Ω"'

# The market's first day has only prices, so that the first flow has a price before it.
FIRST_DAY = 1

# The edge cases, in the order they appear after the first two.
EDGE_CASES: tuple[tuple[str, Role, str], ...] = (
    ("Never funded", "empty", "Opened, and nothing was ever paid in."),
    ("Opened yesterday", "new", "Its first deposit is on the last day."),
    ("Buys high, sells low", "losing", "A day trader who has lost on every single day."),
    ("Cash at par", "still", "Treasury bills valued at par: its value never moves."),
    ("Nine days missing", "gap", "Its snapshots stop for nine days; its transactions do not."),
    ("Emptied and refilled", "refilled", "Everything was withdrawn, and weeks later it began anew."),
    (HOSTILE_NAME, "text", "A name that is markup, quotes and letters beyond ASCII."),
)

Profile = Literal["conservative", "moderate", "aggressive", "custom"]

# What each risk profile wants of its net value in each place; the rest is cash in USDC.
_TARGETS: dict[Profile, dict[int, float]] = {
    "conservative": {TBILL: 0.18, AUSDC: 0.26, STETH: 0.14, BTC: 0.12, ETH: 0.10, DAI: 0.06, USDT: 0.05},
    "moderate": {BTC: 0.16, ETH: 0.14, STETH: 0.17, AUSDC: 0.10, LP: 0.10, LINK: 0.05, AAVE: 0.04, AWETH: 0.12,
                 SECOND_CHAIN_USDC: 0.05},
    "aggressive": {ETH: 0.12, LINK: 0.09, UNI: 0.08, AAVE: 0.06, STETH: 0.08, LP: 0.09, FARM: 0.16, AWETH: 0.28,
                   SECOND_CHAIN_USDC: 0.05},
    "custom": {BTC: 0.30, ETH: 0.30, STETH: 0.10, LINK: 0.08, UNI: 0.05, FARM: 0.07},
}  # fmt: skip

# Debt a profile wants, as a share of the collateral that backs it.
_LEVERAGE: dict[Profile, float] = {"conservative": 0.0, "moderate": 0.38, "aggressive": 0.56, "custom": 0.0}

# What the owner accepts to lose from the peak and hopes to gain in a year, as fractions.
LIMITS: dict[Profile, tuple[float, float]] = {
    "conservative": (0.15, 0.06), "moderate": (0.25, 0.12), "aggressive": (0.45, 0.25), "custom": (0.50, 0.20),
}  # fmt: skip

_FIRST_WORDS = (
    "Harbour", "Northern", "Alder", "Quiet", "Copper", "Meridian", "Lantern", "Granite", "Willow", "Saffron",
    "Cobalt", "Juniper", "Ember", "Tidal", "Orchard", "Summit", "Velvet", "Falcon", "Marble", "Cedar",
)  # fmt: skip
_LAST_WORDS = (
    "Income", "Growth", "Reserve", "Ventures", "Yield", "Capital", "Trust", "Pension", "Endowment", "Holdings",
    "Partners", "Savings", "Treasury", "Foundation", "Office",
)  # fmt: skip
_DAYS_EMPTY = 30
# USD that an edge case is opened with at most.
_MAX_EDGE_CASE_CAPITAL = 60_000.0

_BUY_AND_HOLD: tuple[str, Role, str] = (
    BUY_AND_HOLD,
    "hold",
    "Bitcoin, bought once; no flow and no fee after its first day.",
)
_ORDINARY: Role = "ordinary"
_ORDINARY_NOTE = "Run by the satellites to its owner's targets."
_PROFILE_CYCLE: tuple[Profile, ...] = ("moderate", "aggressive", "conservative", "custom")
_PROFILE_OF_ROLE: dict[Role, Profile] = {"still": "conservative", "empty": "conservative"}


@dataclass(frozen=True, kw_only=True)
class Portfolios:
    """All portfolios, by column; the position in each column is the portfolio's number.

    Attributes:
        ids: UUIDs.
        names: Their names.
        notes: Their descriptions.
        roles: How each trades.
        profiles: How much risk each wants.
        owners: Number of the user each belongs to.
        user_count: How many users there are.
        opened: Day (as a number into the market's days) each begins on.
        second_chain: The chain each uses besides mainnet.
        capital: USD paid in at the beginning.
        target_weights: Wanted share of net value, shape (portfolios, places).
        leverage: Wanted debt as a share of collateral.
        unfunded_days: First day without money and first day with it again, shape (portfolios, 2); else -1.
    """

    ids: list[str]
    names: list[str]
    notes: list[str]
    roles: list[Role]
    profiles: list[Profile]
    owners: Ints
    user_count: int
    opened: Ints
    second_chain: Ints
    capital: Floats
    target_weights: Floats
    leverage: Floats
    unfunded_days: Ints

    @property
    def size(self) -> int:
        """How many portfolios there are."""
        return len(self.ids)

    def with_role(self, *roles: Role) -> Ints:
        """Numbers of the portfolios with one of these roles."""
        return np.array([number for number, role in enumerate(self.roles) if role in roles], dtype=np.int64)

    @cached_property
    def symbols(self) -> Ints:
        """Which symbol each portfolio holds in each place, shape (portfolios, places)."""
        rows = [
            [SYMBOLS.index(NATIVE[int(chain)] if place.symbol == "gas" else place.symbol) for place in PLACES]
            for chain in self.second_chain
        ]
        return np.array(rows, dtype=np.int64).reshape(self.size, len(PLACES))

    @cached_property
    def chains(self) -> Ints:
        """On which chain each place of each portfolio is, shape (portfolios, places); 0 for a chain of its own."""
        chain_of = {
            "mainnet": np.full(self.size, 1),
            "second": self.second_chain,
            "none": np.zeros(self.size, dtype=np.int64),
        }
        return np.stack([chain_of[place.chain] for place in PLACES], axis=1)


def make_portfolios(*, portfolios: int, market: Market, seed: int) -> Portfolios:
    """Make the portfolios, the special ones first.

    A second chain whose native token the market does not price is not used.
    """
    rng = random_generator(seed, "cast")
    days = market.days.size
    roles, names, notes, profiles = _descriptions(portfolios)
    chains = [chain for chain in LAYER_2 if NATIVE[chain] in market.priced_symbols]
    opened = np.full(portfolios, FIRST_DAY, dtype=np.int64)
    delay = rng.integers(0, max(1, days // 4), portfolios)
    opened[len(EDGE_CASES) + 5 :] += delay[len(EDGE_CASES) + 5 :]
    leverage = np.array([_LEVERAGE[profile] for profile in profiles]) * np.array(
        [_follows_profile(role) for role in roles]
    )
    user_count = max(1, (2 * portfolios + 2) // 3)
    unfunded_days = np.full((portfolios, 2), -1, dtype=np.int64)
    for number, role in enumerate(roles):
        if role == "new":
            opened[number] = days - 1
        if role == "refilled":
            emptied_on = int(days * 0.45)
            unfunded_days[number] = emptied_on, emptied_on + min(_DAYS_EMPTY, days // 4)
    return Portfolios(
        ids=[name_id("portfolio", seed, number) for number in range(portfolios)],
        names=names,
        notes=notes,
        roles=roles,
        profiles=profiles,
        owners=np.arange(portfolios, dtype=np.int64) % user_count,
        user_count=user_count,
        opened=opened,
        second_chain=np.array([chains[number % len(chains)] for number in range(portfolios)], dtype=np.int64),
        capital=_capital(roles, rng),
        target_weights=_target_weights(roles, profiles, leverage, rng),
        leverage=leverage,
        unfunded_days=unfunded_days,
    )


def _capital(roles: list[Role], rng: np.random.Generator) -> Floats:
    """USD each begins with; edge cases are no larger than most, so that none is the largest."""
    drawn = np.round(np.exp(rng.normal(np.log(180_000), 0.9, len(roles))).clip(25_000, 6e6), -2)
    is_edge_case = np.array([role in {"text", "refilled"} for role in roles])
    return np.where(is_edge_case, np.minimum(drawn, _MAX_EDGE_CASE_CAPITAL), drawn)


def _descriptions(portfolios: int) -> tuple[list[Role], list[str], list[str], list[Profile]]:
    """Role, name, purpose and risk profile of each portfolio."""
    special_portfolios: dict[int, tuple[str, Role, str]] = {1: _BUY_AND_HOLD, **dict(enumerate(EDGE_CASES, start=2))}
    ordinary = (number for number in range(portfolios) if number not in special_portfolios)
    by_number = {
        number: (_ordinary_name(index), _ORDINARY, _ORDINARY_NOTE) for index, number in enumerate(ordinary)
    } | special_portfolios
    names, roles, notes = (
        list(column) for column in zip(*(by_number[number] for number in range(portfolios)), strict=True)
    )
    cycle = itertools.cycle(_PROFILE_CYCLE)
    profiles = [next(cycle) if _follows_profile(role) else _PROFILE_OF_ROLE.get(role, "custom") for role in roles]
    return roles, names, notes, profiles


def _ordinary_name(number: int) -> str:
    """A name that no other portfolio has."""
    first, last = (
        _FIRST_WORDS[number % len(_FIRST_WORDS)],
        _LAST_WORDS[(number % len(_FIRST_WORDS) + number // len(_FIRST_WORDS)) % len(_LAST_WORDS)],
    )
    repetition = number // (len(_FIRST_WORDS) * len(_LAST_WORDS))
    return f"{first} {last}" + (f" {repetition + 1}" if repetition else "")


def _follows_profile(role: Role) -> bool:
    """Whether a portfolio follows its risk profile; the others follow a script."""
    return role in ("ordinary", "gap", "text")


def _target_weights(roles: list[Role], profiles: list[Profile], leverage: Floats, rng: np.random.Generator) -> Floats:
    """Targets of the profile, each owner's a little different; what is borrowed is invested too."""
    targets = np.zeros((len(roles), len(PLACES)))
    variation = rng.uniform(0.8, 1.2, targets.shape)
    for number, (role, profile) in enumerate(zip(roles, profiles, strict=True)):
        if _follows_profile(role):
            for place, share in _TARGETS[profile].items():
                targets[number, place] = share
        elif role == "refilled":
            targets[number, [BTC, ETH, LINK]] = 0.35, 0.30, 0.15
    varied = targets * variation
    funds = 0.97 + leverage * (varied[:, AWETH] + varied[:, AUSDC])
    scaled: Floats = np.round(varied / np.maximum(1.0, varied.sum(axis=1) / funds)[:, None], 4)
    return scaled
