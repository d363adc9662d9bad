"""Geometry of a concentrated position: ticks, prices, liquidity and the tokens in it.

Plain numbers in and out, for one position at a time; `yields` has what portfolios need of it.
Prices here are of token 0 in token 1 unless a function says otherwise.
"""

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

_TICK = 1.0001
_Q96 = 2**96


def liquidity_of_token0(amount: float, *, price: float, upper: float) -> float:
    """Liquidity that an amount of token 0 makes from the price up.

    >>> liquidity_of_token0(1.0, price=1.0, upper=4.0)
    2.0
    """
    _check_order(price, upper)
    sp, sb = math.sqrt(price), math.sqrt(upper)
    return amount * sp * sb / (sb - sp)


def liquidity_of_token1(amount: float, *, price: float, lower: float) -> float:
    """Liquidity that an amount of token 1 makes from the price down.

    >>> liquidity_of_token1(1.0, price=4.0, lower=1.0)
    1.0
    """
    _check_order(lower, price)
    return amount / (math.sqrt(price) - math.sqrt(lower))


def required_token1(amount0: float, *, price: float, lower: float, upper: float) -> float:
    """Token 1 that must accompany an amount of token 0.

    >>> round(required_token1(2, price=2000, lower=1500, upper=2500), 1)
    5076.1
    """
    _check_order(lower, price, upper)
    return liquidity_of_token0(amount0, price=price, upper=upper) * (math.sqrt(price) - math.sqrt(lower))


def lower_price(amount0: float, amount1: float, *, price: float, upper: float) -> float:
    """Lower end of the range in which two amounts are in balance.

    >>> round(lower_price(2, 4000, price=2000, upper=3000), 2)
    1333.33
    """
    liquidity = liquidity_of_token0(amount0, price=price, upper=upper)
    root = math.sqrt(price) - amount1 / liquidity if liquidity > 0 else -1.0
    if root < 0:
        raise ValueError(f"{amount1} of token 1 is more than any range below {price} takes with {amount0} of token 0")
    return root**2


def upper_price(amount0: float, amount1: float, *, price: float, lower: float) -> float:
    """Upper end of the range in which two amounts are in balance.

    >>> round(upper_price(2, 4000, price=2000, lower=1333.3333333), 2)
    3000.0
    """
    sp = math.sqrt(price)
    liquidity = liquidity_of_token1(amount1, price=price, lower=lower)
    if not liquidity > sp * amount0:
        raise ValueError(f"{amount0} of token 0 is more than any range above {price} takes with {amount1} of token 1")
    return (liquidity * sp / (liquidity - sp * amount0)) ** 2


def amounts(liquidity: float, *, price: float, lower: float, upper: float) -> tuple[float, float]:
    """Tokens 0 and 1 in a position at a price: all of one beyond either end of its range.

    >>> amounts(2.0, price=1.0, lower=1.0, upper=4.0)
    (1.0, 0.0)
    """
    _check_order(lower, upper)
    _check_order(0.0, price)
    sp = math.sqrt(min(max(price, lower), upper))
    return liquidity * (1 / sp - 1 / math.sqrt(upper)), liquidity * (sp - math.sqrt(lower))


def _check_order(*prices: float) -> None:
    """Refuse a range that is none.

    Raises:
        ValueError: the prices, from the lower end by the present one to the upper, do not ascend from 0.
    """
    if prices[0] < 0 or any(not lower_end < upper_end < math.inf for lower_end, upper_end in pairwise(prices)):
        raise ValueError(f"prices of a range must ascend, none below 0: not {', '.join(map(str, prices))}")


def tick_to_price(tick: int, *, decimals: tuple[int, int]) -> float:
    """Price of token 1 in token 0 at a tick.

    Args:
        tick: Of the pool.
        decimals: Of token 0 and token 1.

    >>> round(tick_to_price(196147, decimals=(6, 18)), 4)
    3032.9826
    """
    # In decimals: a float's 1.0001 is off by 2e-17, and that to the 200,000th power shows.
    with localcontext(prec=60):
        return float(Decimal(10) ** (decimals[1] - decimals[0]) / Decimal("1.0001") ** tick)


def sqrt_price_to_price(sqrt_price_x96: int, *, decimals: tuple[int, int]) -> float:
    """Price of token 1 in token 0 from the pool's own integer, exact to the last digit of a float.

    >>> round(sqrt_price_to_price(1438615122195042638686831659635746, decimals=(6, 18)), 4)
    3032.9826
    """
    if sqrt_price_x96 <= 0:
        raise ValueError(f"sqrt_price_x96 must be positive, not {sqrt_price_x96}")
    with localcontext(prec=60):
        root = Decimal(sqrt_price_x96) / _Q96
        return float(Decimal(10) ** (decimals[1] - decimals[0]) / (root * root))


def price_to_tick(price: float, *, decimals: tuple[int, int]) -> int:
    """Tick at or below a price of token 1 in token 0.

    >>> price_to_tick(3032.9826448067292, decimals=(6, 18))
    196147
    """
    _check_order(0.0, price)
    exact = math.log(10.0 ** (decimals[1] - decimals[0]) / price) / math.log(_TICK)
    nearest = round(exact)
    # A price that is a tick must find it: the logarithm may fall a hair short.
    return nearest if math.isclose(exact, nearest, abs_tol=1e-6) else math.floor(exact)


@dataclass(frozen=True, slots=True)
class Mint:
    """What a deposit into a range takes, and the liquidity it makes.

    Attributes:
        amount0: Token 0 used, in whole tokens.
        amount1: Token 1 used.
        liquidity: In the pool's raw units.
    """

    amount0: float
    amount1: float
    liquidity: float


def mint(
    amount0_max: float,
    amount1_max: float,
    *,
    tick_lower: int,
    tick_upper: int,
    sqrt_price_x96: int,
    decimals: tuple[int, int],
) -> Mint:
    """Deposit as much as two amounts allow into a range of ticks.

    Args:
        amount0_max: Token 0 at hand, in whole tokens.
        amount1_max: Token 1 at hand.
        tick_lower: Lower end.
        tick_upper: Upper end.
        sqrt_price_x96: The pool's price.
        decimals: Of token 0 and token 1.

    Source:
        Uniswap v3 periphery, LiquidityAmounts.

    >>> mint(1.0, 1.0, tick_lower=-100, tick_upper=100, sqrt_price_x96=2**96, decimals=(6, 6)).amount1
    1.0
    """
    unit0, unit1 = 10.0 ** decimals[0], 10.0 ** decimals[1]
    sa, sb = _TICK ** (tick_lower / 2), _TICK ** (tick_upper / 2)
    sp = min(max(sqrt_price_x96 / _Q96, sa), sb)
    liquidity0 = amount0_max * unit0 * sp * sb / (sb - sp) if sp < sb else math.inf
    liquidity1 = amount1_max * unit1 / (sp - sa) if sp > sa else math.inf
    liquidity = min(liquidity0, liquidity1)
    # What binds is used whole, not whole less a rounding.
    used0 = amount0_max if liquidity == liquidity0 else liquidity * (sb - sp) / (sp * sb) / unit0
    used1 = amount1_max if liquidity == liquidity1 else liquidity * (sp - sa) / unit1
    return Mint(used0, used1, liquidity)
