"""What each asset of the registry stands for, and what a portfolio is exposed to: the desk's look-through.

Reads `assets.metadata` and quotes; frames in, frames out; opens nothing. The arithmetic is
`metrics.lookthrough`. What cannot be looked through is kept as it is and named with the reason.
"""

import json
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics.lookthrough import KNOWN_TOKENS, Claim, LookThrough, Pool
from ys_analytics.metrics.risk import keeps_peg

# Protocols all of whose pools have one curve.
KNOWN_POOLS = dict.fromkeys(
    ("uniswap-v2", "sushiswap", "sushiswap-v2", "pancakeswap-v2", "quickswap-v2"), "constant_product"
)
# What only one kind of pool has.
_SHOWN_BY = {"weights": "weighted", "amplification": "stable", "range": "concentrated"}
KINDS = ("constant_product", "weighted", "stable", "concentrated")

_PAIR = 2

# Types of assets that stand for others.
_STANDING_FOR = {"lp_token": "in the pool", "staked_token": "staked", "yield_token": "behind it"}

_EXPOSED: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.UInt32,
    "asset_id": pl.String,
    "coin": pl.String,
    "name": pl.String,
    "value": pl.Float64,
    "pegged": pl.Boolean,
    "reason": pl.String,
}


@dataclass(frozen=True, slots=True)
class _Asset:
    """A row of the registry, its metadata read."""

    id: str
    symbol: str
    chain: int | None
    coin: str
    kind: str
    note: Mapping[str, Any]


class Registry:
    """The registry of assets, read for what each stands for.

    `schemas` lists the keys of `assets.metadata` that it reads.

    Attributes:
        claims: By asset, what it stands for.
        opaque: By asset, why it cannot be looked through though it stands for something; it is kept as it is.
    """

    def __init__(self, assets: pl.DataFrame, prices: Mapping[str, float] | None = None) -> None:
        """Read a registry.

        Args:
            assets: `assets`: id, symbol, chain_id, metadata, and coingecko_id and asset_type where there are any.
            prices: Last price of each asset in USD, by id; what is behind stable and concentrated pools needs one
                before it can be looked through. Without any, claims alone are read.
        """
        self._assets = {asset.id: asset for asset in _read(assets)}
        self._of_symbol: dict[str, list[_Asset]] = {}
        for asset in self._assets.values():
            self._of_symbol.setdefault(asset.symbol, []).append(asset)
        self._priced, self._prices = prices is not None, dict(prices or {})
        self.claims: dict[str, Claim] = {}
        self.opaque: dict[str, str] = {}
        for asset in self._assets.values():
            self._claim(asset)
        self._cut_dead_ends()

    # What an asset stands for

    def _claim(self, asset: _Asset) -> None:
        named, pegged = asset.note.get("underlying"), self._peg(asset)
        if named is None and pegged is not None:
            named = pegged
        if named is None and asset.symbol in KNOWN_TOKENS and KNOWN_TOKENS[asset.symbol] in self._of_symbol:
            named = KNOWN_TOKENS[asset.symbol]
        if named is None:
            if asset.kind in _STANDING_FOR:
                self.opaque[asset.id] = f"its metadata does not say what is {_STANDING_FOR[asset.kind]}"
            return
        names = [str(one) for one in named] if isinstance(named, list) else [str(named)]
        legs = [self._resolve(name, asset) for name in names]
        failed = [leg.reason for leg in legs if isinstance(leg, _Unknown)]
        if failed or not names:
            self.opaque[asset.id] = failed[0] if failed else "its metadata names nothing that it stands for"
            return
        ids = tuple(leg for leg in legs if isinstance(leg, str))
        if len(ids) == 1:
            self.claims[asset.id] = Claim(ids)
            return
        pool = _pool(asset, len(ids))
        if isinstance(pool, str):
            self.opaque[asset.id] = pool
            return
        rates = tuple(self._rate(leg) for leg in ids) if pool.kind == "stable" else ()
        self.claims[asset.id] = Claim(ids, pool, rates)

    def _peg(self, asset: _Asset) -> str | None:
        """The registered asset whose price it keeps, if its peg is one; a currency is none."""
        peg = asset.note.get("peg")
        return str(peg) if peg is not None and peg != asset.symbol and str(peg) in self._of_symbol else None

    def _resolve(self, name: str, asset: _Asset) -> "str | _Unknown":
        """The id of what is meant: an id; else the symbol on the asset's own chain; else the only one anywhere."""
        if name in self._assets:
            return name
        known = [other for other in self._of_symbol.get(name, []) if other.id != asset.id]
        here = [other for other in known if other.chain == asset.chain or asset.chain in _chains(other)]
        coins = {other.coin for other in known}
        if len(here) == 1:
            return here[0].id
        if not here and len(coins) == 1:
            return known[0].id
        if known:
            return _Unknown(f"{len(here or known)} assets go by the symbol {name}: name its underlying by id")
        plain = KNOWN_TOKENS.get(name)
        return self._resolve(plain, asset) if plain else _Unknown(f"its underlying {name} is not registered")

    def _rate(self, leg: str) -> float:
        ratio: Any = self._assets[leg].note.get("ratio")
        return float(ratio) if _number(ratio) else 1.0

    def _cut_dead_ends(self) -> None:
        """Name what leads back to itself, or to what cannot be looked through or valued, and what stands for that."""
        changed = True
        while changed:
            changed = False
            for asset in list(self.claims):
                reason = self._dead_end(asset)
                if reason:
                    del self.claims[asset]
                    self.opaque[asset] = reason
                    changed = True

    def _dead_end(self, asset: str) -> str:
        claim = self.claims[asset]
        if self._circles(asset):
            return f"it stands for itself through {self.symbol(claim.legs[0])}"
        for leg in claim.legs:
            if leg in self.opaque:
                return f"{self.symbol(leg)} behind it cannot be looked through: {self.opaque[leg]}"
        if self._priced and claim.pool is not None and claim.pool.kind != "weighted":
            lacking = [self.symbol(leg) for leg in claim.legs if self._price(leg) <= 0]
            return f"no price is stored of {', '.join(lacking)}, which its pool holds" if lacking else ""
        return ""

    def _circles(self, asset: str) -> bool:
        todo, seen = list(self.claims[asset].legs), set[str]()
        while todo:
            leg = todo.pop()
            if leg == asset:
                return True
            if leg not in seen and leg in self.claims:
                seen.add(leg)
                todo.extend(self.claims[leg].legs)
        return False

    # What it is called, and whether its price is kept

    def symbol(self, asset: str) -> str:
        """Its symbol, or its id where it is not registered."""
        return self._assets[asset].symbol if asset in self._assets else asset

    def coin(self, asset: str) -> str:
        """What makes it the same coin on several chains: its CoinGecko name, else the asset itself."""
        return self._assets[asset].coin if asset in self._assets else asset

    def pegged(self, asset: str) -> bool:
        """Whether it keeps the price of a currency: by its metadata, or because it is a well-known stablecoin."""
        if asset not in self._assets:
            return False
        known = self._assets[asset]
        return known.note.get("peg") is not None or keeps_peg(known.symbol)

    def kind(self, asset: str) -> str:
        """Its type, as the registry has it; empty where it has none."""
        return self._assets[asset].kind if asset in self._assets else ""

    def note(self, asset: str) -> Mapping[str, Any]:
        """Its metadata."""
        return self._assets[asset].note if asset in self._assets else {}

    def pool_share(self, asset: str) -> bool:
        """Whether it is a share of a pool of several assets, whether or not that can be looked through."""
        known = self._assets.get(asset)
        if known is None:
            return False
        behind = known.note.get("underlying")
        return known.kind == "lp_token" or (isinstance(behind, list) and len(behind) >= _PAIR)

    # Exposures and moves

    @cached_property
    def through(self) -> LookThrough:
        """The arithmetic, at the prices given; what cannot be looked through stands for itself."""
        return LookThrough(self.claims, {asset: self._price(asset) for asset in self._assets})

    def _price(self, asset: str) -> float:
        """Its last price, else that of what it stands for times its ratio; 0 where neither is known."""
        priced, ratio = self.quoted(asset, self._prices)
        return self._prices.get(priced, 0.0) * ratio

    def exposures(self, asset: str) -> tuple[dict[str, float], str | None]:
        """Base assets an asset stands for, as fractions that add up to 1, and why it could not be looked through.

        Returns:
            The fractions, by id; itself alone, and the reason, where it cannot be looked through.
        """
        return self.through.exposures(asset), self.opaque.get(asset)

    def quoted(self, asset: str, known: Container[str]) -> tuple[str, float]:
        """The asset whose quotes price this one, and how many of it one unit stands for: itself where it is quoted.

        Args:
            asset: Which one.
            known: The assets that have quotes.
        """
        ratio = 1.0
        while asset not in known and asset in self.claims and self.claims[asset].pool is None:
            ratio *= self._rate(asset)
            asset = self.claims[asset].legs[0]
        return asset, ratio

    def behind(self, assets: Iterable[str]) -> list[str]:
        """These assets and everything they stand for, at every depth, each once."""
        found: dict[str, None] = {}
        todo = list(assets)
        while todo:
            asset = todo.pop(0)
            if asset not in found:
                found[asset] = None
                todo.extend(self.claims[asset].legs if asset in self.claims else ())
        return list(found)


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A name that means no asset, or several."""

    reason: str


def _read(assets: pl.DataFrame) -> list[_Asset]:
    more = {name: pl.lit(None, pl.String) for name in ("coingecko_id", "asset_type") if name not in assets.columns}
    known = assets.with_columns(**more).select(
        "id", "symbol", "chain_id", "metadata", pl.col("coingecko_id", "asset_type").cast(pl.String)
    )
    rows = known.sort("chain_id", "id", nulls_last=True).iter_rows()
    return [
        _Asset(id=id_, symbol=symbol, chain=chain, coin=coin or id_, kind=kind or "", note=_note(text, symbol))
        for id_, symbol, chain, text, coin, kind in rows
    ]


def _note(text: str | None, symbol: str) -> dict[str, Any]:
    try:
        note = json.loads(text) if text else {}
    except ValueError:
        raise ContractError(f"assets: metadata of {symbol} is not JSON; correct it") from None
    return note if isinstance(note, dict) else {}


def _chains(coin: _Asset) -> list[int]:
    """The chains whose own coin it is, by its metadata."""
    stated = coin.note.get("native_of_chains")
    return stated if isinstance(stated, list) else []


def _number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and given > 0


def _pool(asset: _Asset, size: int) -> Pool | str:
    """The curve of a pool by its metadata, or why it is not known."""
    told = asset.note.get("pool")
    facts = {**asset.note, **told} if isinstance(told, dict) else asset.note
    stated = facts.get("kind") if isinstance(told, dict) else told
    if stated is None:
        shown = (kind for fact, kind in _SHOWN_BY.items() if facts.get(fact) is not None)
        stated = next(shown, KNOWN_POOLS.get(str(facts.get("protocol"))))
    if stated is None:
        return "the kind of its pool is not known"
    kind = str(stated).lower().replace("-", "_").replace(" ", "_")
    if kind not in KINDS:
        return f"its pool is of a kind that is not known: {kind}"
    try:
        return _curve(kind, facts, size)
    except (TypeError, ValueError) as wrong:
        return f"the metadata of its {kind.replace('_', ' ')} pool are not complete: {wrong}"


def _curve(kind: str, facts: Mapping[str, Any], size: int) -> Pool:
    if kind == "constant_product":
        return Pool(kind="weighted", weights=(1 / size,) * size)
    if kind == "weighted":
        return _weighted(facts.get("weights"), size)
    if kind == "stable":
        return Pool(kind="stable", amplification=float(facts.get("amplification") or 0))
    return _concentrated(facts.get("range"), size)


def _weighted(weights: Any, size: int) -> Pool:
    if not isinstance(weights, list) or len(weights) != size:
        raise ValueError(f"it needs {size} `weights`, one for each asset")
    return Pool(kind="weighted", weights=tuple(float(weight) for weight in weights))


def _concentrated(edges: Any, size: int) -> Pool:
    if size != _PAIR or not isinstance(edges, list) or len(edges) != _PAIR:
        raise ValueError("it needs two assets and a `range`, lowest and highest price of the first in the second")
    return Pool(kind="concentrated", lower=float(edges[0]), upper=float(edges[1]))


def last_prices(quotes: pl.DataFrame) -> dict[str, float]:
    """The last price of each asset in USD, by id."""
    newest = quotes.drop_nulls("price").sort("timestamp").group_by("asset_id", maintain_order=True).last()
    return dict(newest.select("asset_id", pl.col("price").cast(pl.Float64)).iter_rows())


def exposed(held: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """What each position stands for, in USD: the portfolio looked through.

    Args:
        held: Positions: asset_id, value (USD; a debt is negative).
        registry: What assets stand for.

    Returns:
        One row for each position and coin behind it, in order: place (of the position in `held`), asset_id, coin
        (its key: the same coin on several chains is one), name (its symbol; with more where two coins share one),
        value Float64 (they add up to that of the position), pegged Boolean, reason String: why the position could
        not be looked through, null where it could.
    """
    rows = []
    for place, (asset, value) in enumerate(held.select("asset_id", pl.col("value").cast(pl.Float64)).iter_rows()):
        parts, reason = registry.exposures(asset)
        rows += [
            (place, asset, registry.coin(base), registry.symbol(base), value * part, registry.pegged(base), reason)
            for base, part in parts.items()
        ]
    spread = pl.DataFrame(rows, schema=_EXPOSED, orient="row")
    # Two coins of one symbol need more than that to be told apart.
    several = pl.col("coin").n_unique().over("name") > 1
    apart = pl.format("{} ({})", "name", "coin")
    return spread.with_columns(name=pl.when(several).then(apart).otherwise("name"))


def unseen(spread: pl.DataFrame, registry: Registry) -> str | None:
    """What could not be looked through, and why, in one line; null where all was.

    Args:
        spread: What `exposed` gave.
        registry: What assets stand for.
    """
    facts = spread.drop_nulls("reason").unique("asset_id", maintain_order=True).select("asset_id", "reason").rows()
    return "; ".join(f"{registry.symbol(asset)}: {reason}" for asset, reason in facts) or None
