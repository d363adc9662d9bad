"""What a share of a pool is worth when prices move, in plain Python, from the textbook formula of each kind.

Constant product and weighted: the product of prices to their weights. StableSwap: the cheapest basket on the curve.
Concentrated: the whitepaper's amounts. Shares no line with the package.
"""

import json
import math
from collections.abc import Sequence

from .plain_market import Row

# Protocols all of whose pools are constant products of equal weights.
_HALVES = {"uniswap-v2", "sushiswap", "sushiswap-v2", "pancakeswap-v2", "quickswap-v2"}


def stable_worth(amplification: float, first: float, second: float) -> float:
    """Worth of the StableSwap pool of two coins whose invariant is 1, at these prices."""
    x, y = stable_amounts(amplification, first, second)
    return x * first + y * second


def stable_amounts(amplification: float, first: float, second: float) -> tuple[float, float]:
    """What that pool holds at these prices: the cheapest point of its curve."""
    low, high = 1e-9, 1.0 - 1e-9
    for _ in range(80):
        part = (low + high) / 2
        _, _, slope = _on_curve(amplification, part)
        # Where one more of the first coin costs more of the second than the market pays, there is too little of it.
        if slope * second > first:
            low = part
        else:
            high = part
    x, y, _ = _on_curve(amplification, (low + high) / 2)
    return x, y


def _on_curve(amplification: float, part: float) -> tuple[float, float, float]:
    """The point at which the first coin is that part of the pool: both quantities, and what one of it costs.

    2 A (x + y) + 1 = 2 A + 1 / (4 x y), as the contracts have it (their A is the paper's times n); x = s part and
    y = s (1 - part), with s by Newton.
    """
    a, shape = 2 * amplification, part * (1 - part)
    s = 1.0
    for _ in range(60):
        value = a * s + 1 - a - 1 / (4 * shape * s * s)
        step = value / (a + 1 / (2 * shape * s**3))
        s -= step
        if abs(step) < 1e-16:
            break
    x, y = s * part, s * (1 - part)
    bent = 1 / (4 * x * y)
    return x, y, (a + bent / x) / (a + bent / y)


def kind_of(asset: Row) -> tuple[list[str], dict[str, object]] | None:
    """What is in the pool, by the names its metadata give, and its curve; None for no pool, or of unknown kind."""
    about = json.loads(asset["metadata"] or "{}")
    under = about.get("underlying")
    if not isinstance(under, list) or len(under) < 2:
        return None
    kind = about.get("pool") or ("weighted" if "weights" in about else None)
    if kind is None and about.get("protocol") in _HALVES:
        kind = "constant_product"
    if kind == "constant_product":
        return under, {"weights": [1 / len(under)] * len(under)}
    if kind == "weighted":
        return under, {"weights": [float(weight) for weight in about["weights"]]}
    if kind == "stable":
        return under, {"amplification": float(about["amplification"])}
    return None


def is_share(asset: Row) -> bool:
    """Whether an asset is a share of a pool of several assets, of any kind."""
    under = json.loads(asset["metadata"] or "{}").get("underlying")
    return asset["asset_type"] == "lp_token" or (isinstance(under, list) and len(under) > 1)


def worth(curve: dict[str, object], prices: Sequence[float]) -> float:
    """Worth of one unit of a pool; only ratios of it mean anything."""
    if "weights" in curve:
        return math.prod(price**weight for price, weight in zip(prices, curve["weights"], strict=True))
    return stable_worth(curve["amplification"], *prices)
