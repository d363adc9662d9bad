"""What an asset stands for, in plain Python: the base coins behind it, and its worth after their prices jump.

From the conventions of `assets.metadata` (`underlying`, `pool`, `weights`, `amplification`, `peg`) and the textbook
curves of pools. Shares no line with the package.
"""

from .plain_bridge import pools, resolved
from .plain_ledger import said
from .plain_market import Market, Row
from .plain_pools import stable_amounts, worth


class Registry:
    """Assets, and the prices at which pools stand."""

    def __init__(self, assets: list[Row], prices: dict[str, float]) -> None:
        """Read what each asset stands for."""
        self.assets = {asset["id"]: asset for asset in assets}
        self.prices = prices
        self.pools = pools(assets)
        self.wrapped: dict[str, str] = {}
        for asset in assets:
            under = said(asset).get("underlying")
            if isinstance(under, str):
                behind = resolved(under, asset, assets)
                if behind is not None:
                    self.wrapped[asset["id"]] = behind

    def coin(self, asset: str) -> str:
        """What makes it the same coin on several chains."""
        return self.assets[asset]["coingecko_id"] or asset

    def pegged(self, asset: str) -> bool:
        """Whether it keeps the price of a currency."""
        return said(self.assets[asset]).get("peg") is not None

    def opaque(self, asset: str) -> bool:
        """Whether it is a share of a pool that cannot be looked through, or stands for one."""
        if asset in self.wrapped:
            return self.opaque(self.wrapped[asset])
        if asset in self.pools:
            return any(self.opaque(leg) for leg in self.pools[asset].legs)
        return self.assets[asset]["asset_type"] == "lp_token"

    def exposures(self, asset: str) -> dict[str, float]:
        """Part of its worth in each base asset."""
        if self.opaque(asset):
            return {asset: 1.0}
        if asset in self.wrapped:
            return self.exposures(self.wrapped[asset])
        if asset not in self.pools:
            return {asset: 1.0}
        pair, found = self.pools[asset], {}
        for leg, part in zip(pair.legs, self._parts(asset), strict=True):
            for base, share in self.exposures(leg).items():
                found[base] = found.get(base, 0.0) + part * share
        return found

    def _parts(self, asset: str) -> list[float]:
        pair = self.pools[asset]
        if "weights" in pair.curve:
            return pair.curve["weights"]
        prices = [self.prices[leg] for leg in pair.legs]
        worths = [a * p for a, p in zip(stable_amounts(pair.curve["amplification"], *prices), prices, strict=True)]
        return [one / sum(worths) for one in worths]

    def growth(self, asset: str, moves: dict[str, float]) -> float:
        """Its worth after base assets moved, over its worth now."""
        if self.opaque(asset):
            return 1.0 + moves.get(asset, 0.0)
        if asset in self.wrapped:
            return self.growth(self.wrapped[asset], moves)
        if asset not in self.pools:
            return 1.0 + moves.get(asset, 0.0)
        pair = self.pools[asset]
        now = [self.prices.get(leg, 1.0) for leg in pair.legs]
        then = [price * self.growth(leg, moves) for leg, price in zip(pair.legs, now, strict=True)]
        return 0.0 if min(then) <= 0 else worth(pair.curve, then) / worth(pair.curve, now)


def last_prices(assets: list[Row], market: Market, end: object) -> dict[str, float]:
    """The last price of each asset before a moment, however old."""
    found = {asset["id"]: market.at(asset["id"], end, oldest=None) for asset in assets}
    return {asset: float(price) for asset, price in found.items() if price is not None}
