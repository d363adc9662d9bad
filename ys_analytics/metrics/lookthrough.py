"""Look-through: what an asset stands for, and how its price follows the prices of that.

Depends on claims (what each asset stands for) and prices in USD; does not read a store, clock or setting. An asset
without a claim is a base asset: it stands for itself. A wrapped, staked or lent token follows the price of the one
asset behind it; a share of a pool is revalued along the pool's curve, as arbitrage leaves it, without fees.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ys_analytics.errors import ContractError

Kind = Literal["weighted", "stable", "concentrated"]

# What well-known tokens stand for: wrapped coins and staked ether.
KNOWN_TOKENS = {
    "WETH": "ETH", "stETH": "ETH", "wstETH": "ETH", "rETH": "ETH", "cbETH": "ETH", "weETH": "ETH", "eETH": "ETH",
    "WBTC": "BTC", "cbBTC": "BTC", "tBTC": "BTC", "WBNB": "BNB", "WAVAX": "AVAX", "WPOL": "POL", "WMATIC": "POL",
}  # fmt: skip

# Halvings of an interval after which a double has no digit left to find.
_MAX_BISECTIONS = 200
_TWO_ASSETS = 2
_WEIGHT_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The curve of a pool of two or more assets.

    Attributes:
        kind: `weighted` (a constant product is the one of equal weights), `stable` (StableSwap) or `concentrated`.
        weights: Of a weighted pool, in the order of its assets; positive, adding up to 1.
        amplification: Of a stable pool, as its contract's `A()` states it.
        lower: Of a concentrated position: lower end of its range, the price of the first asset in the second.
        upper: Upper end of the same.
    """

    kind: Kind
    weights: tuple[float, ...] = ()
    amplification: float = 0.0
    lower: float = 0.0
    upper: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a curve that is none.

        Raises:
            ValueError: the weights, the amplification or the range are not those of a pool.
        """
        total_weight = abs(math.fsum(self.weights) - 1) <= _WEIGHT_TOLERANCE
        if self.kind == "weighted" and not (
            total_weight and len(self.weights) >= _TWO_ASSETS and min(self.weights) > 0
        ):
            raise ValueError(f"weights must be positive and add up to 1, as 0.8 and 0.2, not {self.weights}")
        if self.kind == "stable" and not 0 < self.amplification < math.inf:
            raise ValueError(f"the amplification must be positive, not {self.amplification}")
        if self.kind == "concentrated" and not 0 < self.lower < self.upper < math.inf:
            raise ValueError(f"a range must ascend from above 0, not {self.lower} to {self.upper}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an asset stands for.

    Attributes:
        legs: The assets behind it: one, or several in a pool.
        pool: The pool's curve; none for a claim on one asset.
        rates: Of a stable pool: what one unit of each leg counts for in its invariant (1.2 for wstETH with ETH);
            1 for each when empty.
    """

    legs: tuple[str, ...]
    pool: Pool | None = None
    rates: tuple[float, ...] = ()


def pool_worth(pool: Pool, prices: Sequence[float]) -> float:
    r"""Worth of one unit of a pool's liquidity at prices of its assets, fees apart: only ratios of it mean anything.

    $$ \prod_i p_i^{w_i}, \qquad \min_{x:\,F(x)=D} \sum_i p_i x_i, \qquad L\,(x(p)\,p_0 + y(p)\,p_1) $$

    for a weighted, a stable and a concentrated pool. A pool with a worthless asset is worth nothing, for all
    that is in it will be that asset; a concentrated one too.

    Args:
        pool: The curve.
        prices: Of its assets in USD, in their order, 0 or above.

    Source:
        Martinelli and Mushegian (2019), Balancer whitepaper; Egorov (2019), StableSwap; Elsts (2021), "Liquidity
        Math in Uniswap v3".

    >>> pool_worth(Pool(kind="weighted", weights=(0.5, 0.5)), [0.25, 1.0])
    0.5
    """
    if min(prices) <= 0:
        return 0.0
    if pool.kind == "weighted":
        factors: list[float] = [price**weight for price, weight in zip(prices, pool.weights, strict=True)]
        return math.prod(factors)
    return math.fsum(price * quantity for price, quantity in zip(prices, _composition(pool, prices), strict=True))


def pool_shares(pool: Pool, prices: Sequence[float]) -> tuple[float, ...]:
    """Part of a pool's worth that is in each of its assets: also by how much its worth moves for 1 % of each.

    Args:
        pool: The curve.
        prices: Of its assets in USD, in their order, above 0.

    Returns:
        One fraction an asset, adding up to 1.

    >>> pool_shares(Pool(kind="concentrated", lower=0.25, upper=4.0), [1.0, 1.0])
    (0.5, 0.5)
    """
    if pool.kind == "weighted":
        return pool.weights
    unit_values = [price * quantity for price, quantity in zip(prices, _composition(pool, prices), strict=True)]
    return tuple(unit_value / math.fsum(unit_values) for unit_value in unit_values)


def _composition(pool: Pool, prices: Sequence[float]) -> tuple[float, ...]:
    """Quantities of each asset in one unit of liquidity at these prices."""
    if pool.kind == "stable":
        return _stable(pool.amplification, prices)
    first, second = prices
    root = math.sqrt(min(max(first / second, pool.lower), pool.upper))
    return 1 / root - 1 / math.sqrt(pool.upper), root - math.sqrt(pool.lower)


def _stable(amplification: float, prices: Sequence[float]) -> tuple[float, ...]:
    """Quantities on the StableSwap invariant of size 1 at which the pool quotes these prices.

    By Lagrange: x_i = K y_i with y_i = m / (p_i - a m), where a is A n and K closes the invariant. The multiplier
    m lies between 0 and the smallest p / a; its relative distance to that, as a logarithm, is found by halving.
    """
    n = len(prices)
    a = amplification * n
    low, high = -700.0, 0.0
    for _ in range(_MAX_BISECTIONS):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        if _excess(a, n, _parts(a, middle, prices)) > 0:
            low = middle
        else:
            high = middle
    parts = _parts(a, low, prices)
    scale = _invariant_sum(n, parts)
    return tuple(scale * part for part in parts)


def _parts(a: float, distance: float, prices: Sequence[float]) -> list[float]:
    lower_bound = min(prices)
    m = -math.expm1(distance) * lower_bound / a
    return [m / (price - lower_bound + lower_bound * math.exp(distance)) for price in prices]


def _invariant_sum(n: int, parts: Sequence[float]) -> float:
    return math.exp(-(n * math.log(n) + math.fsum(map(math.log, parts))) / (n + 1))


def _excess(a: float, n: int, parts: Sequence[float]) -> float:
    scale = _invariant_sum(n, parts)
    return a * scale * math.fsum(parts) + 1 - a - scale


@dataclass(frozen=True, slots=True)
class LookThrough:
    """Claims, and the prices at which pools stand now.

    Attributes:
        claims: By asset, what it stands for; an asset that is not here stands for itself.
        prices: By asset, in USD; needed of what is behind stable pools and concentrated positions.
    """

    claims: Mapping[str, Claim] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)

    def exposures(self, asset: str) -> dict[str, float]:
        """How much of an asset's worth stands for each base asset, at the prices of now.

        Returns:
            Fractions by base asset that add up to 1: the part of its worth, and by how many per cent it moves when
            that base asset alone moves by one.

        Raises:
            ContractError: claims go in a circle, or a price behind a pool is missing.

        >>> share = Claim(("ETH", "USDC"), Pool(kind="weighted", weights=(0.5, 0.5)))
        >>> LookThrough({"LP": share, "aLP": Claim(("LP",))}).exposures("aLP")
        {'ETH': 0.5, 'USDC': 0.5}
        """
        shares_found: dict[str, float] = {}
        self._spread(asset, 1.0, shares_found, ())
        return shares_found

    def _spread(self, asset: str, part: float, shares_found: dict[str, float], path: tuple[str, ...]) -> None:
        _check_path(asset, path)
        claim = self.claims.get(asset)
        if claim is None:
            shares_found[asset] = shares_found.get(asset, 0.0) + part
            return
        shares = (1.0,) if claim.pool is None else pool_shares(claim.pool, self._legs(claim))
        for leg, share in zip(claim.legs, shares, strict=True):
            self._spread(leg, part * share, shares_found, (*path, asset))

    def growth(self, asset: str, moves: Mapping[str, float]) -> float:
        """Worth of an asset after base assets moved, over its worth now.

        Args:
            asset: Which one.
            moves: By base asset, its move as a fraction, never below -1; what is not named stands still.

        Returns:
            1 where nothing behind it moved; a share of an equal-weighted pool of which one asset halves keeps the
            root of a half.

        Raises:
            ContractError: claims go in a circle, or a price behind a pool is missing.

        >>> share = Claim(("ETH", "USDC"), Pool(kind="weighted", weights=(0.5, 0.5)))
        >>> round(LookThrough({"LP": share}).growth("LP", {"ETH": -0.5}), 6)
        0.707107
        """
        return self._grown(asset, moves, ())

    def _grown(self, asset: str, moves: Mapping[str, float], path: tuple[str, ...]) -> float:
        _check_path(asset, path)
        claim = self.claims.get(asset)
        if claim is None:
            return max(1.0 + moves.get(asset, 0.0), 0.0)
        grown = [self._grown(leg, moves, (*path, asset)) for leg in claim.legs]
        if claim.pool is None:
            return grown[0]
        if claim.pool.kind == "weighted":
            return pool_worth(claim.pool, grown)
        before = self._legs(claim)
        after = [price * factor for price, factor in zip(before, grown, strict=True)]
        return pool_worth(claim.pool, after) / pool_worth(claim.pool, before)

    def _legs(self, claim: Claim) -> list[float]:
        """Prices of what is in a pool, in the units of its invariant; weighted pools need none."""
        if claim.pool is not None and claim.pool.kind == "weighted":
            return []
        prices = [self.prices.get(leg, 0.0) for leg in claim.legs]
        if min(prices) <= 0:
            missing = claim.legs[prices.index(min(prices))]
            raise ContractError(f"look-through: {missing} has no price; give one, or leave out the pool it is in")
        return pool_prices(claim, prices)


def pool_prices(claim: Claim, prices: Sequence[float]) -> list[float]:
    """Prices of a claim's legs per unit of the pool's invariant: a price over the leg's rate.

    >>> pool_prices(Claim(("wstETH", "ETH"), rates=(1.2, 1.0)), [3600.0, 3000.0])
    [3000.0, 3000.0]
    """
    rates = claim.rates or (1.0,) * len(claim.legs)
    return [price / rate for price, rate in zip(prices, rates, strict=True)]


def _check_path(asset: str, path: tuple[str, ...]) -> None:
    if asset in path:
        raise ContractError(f"look-through: {asset} stands for itself; correct `underlying` of {path[-1]}")


def pool_split(claim: Claim, before: Sequence[float], after: Sequence[float]) -> tuple[float, float]:
    r"""What holding a pool's assets, and what the pool without its fees, made between two moments.

    $$ h = \sum_i s_i \frac{p_i'}{p_i}, \qquad g = \frac{V(p')}{V(p)} $$

    with $s_i$ the part of the worth in each asset before. Impermanent loss is $h - g$ of the worth before, never
    negative; what a share's own price grew beyond $g$ is fees.

    Args:
        claim: On a pool.
        before: Prices of its legs in USD, above 0.
        after: The same later.

    Returns:
        h and g: growth factors.

    >>> pool_split(Claim(("ETH", "USDC"), Pool(kind="weighted", weights=(0.5, 0.5))), [1.0, 1.0], [4.0, 1.0])
    (2.5, 2.0)
    """
    if claim.pool is None:
        raise ValueError("only a share of a pool has something to split")
    share_before, share_after = pool_prices(claim, before), pool_prices(claim, after)
    factors = [new / old for new, old in zip(share_after, share_before, strict=True)]
    quantity = math.fsum(
        share * factor for share, factor in zip(pool_shares(claim.pool, share_before), factors, strict=True)
    )
    if claim.pool.kind == "weighted":
        return quantity, pool_worth(claim.pool, factors)
    return quantity, pool_worth(claim.pool, share_after) / pool_worth(claim.pool, share_before)


def is_receipt(symbol: str) -> bool:
    """Whether a symbol is written as Aave writes its aTokens.

    >>> is_receipt("aUSDC"), is_receipt("AAVE"), is_receipt("alUSD")
    (True, False, False)
    """
    return len(symbol) > 1 and symbol[0] == "a" and symbol[1].isupper()


def by_symbol(symbols: Iterable[str]) -> LookThrough:
    """What well-known symbols stand for, where no registry says: wrapped and staked coins, and aTokens by their name.

    Args:
        symbols: Of assets, which are known by them.

    >>> by_symbol(["aWETH", "wstETH", "LINK"]).exposures("aWETH")
    {'ETH': 1.0}
    """
    claims: dict[str, Claim] = {}
    to_resolve = list(symbols)
    while to_resolve:
        symbol = to_resolve.pop()
        leg = KNOWN_TOKENS.get(symbol) or (symbol[1:] if is_receipt(symbol) else None)
        if leg is not None and symbol not in claims:
            claims[symbol] = Claim((leg,))
            to_resolve.append(leg)
    return LookThrough(claims)
