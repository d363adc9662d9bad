"""Look-through: what each registered asset stands for, and the exposures of a portfolio through it.

Reads `assets.metadata` and quotes; frames in, frames out; opens nothing. The arithmetic is
`metrics.lookthrough`. What cannot be looked through is kept as it is and named with the reason.
"""

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from ys_analytics.errors import ContractError
from ys_analytics.metrics.lookthrough import KNOWN_TOKENS, Claim, LookThrough, Pool
from ys_analytics.metrics.risk import keeps_peg
from ys_analytics.schemas import CHAINS

# Curve of the pools of protocols that have only one.
KNOWN_POOLS = dict.fromkeys(
    ("uniswap-v2", "sushiswap", "sushiswap-v2", "pancakeswap-v2", "quickswap-v2"), "constant_product"
)
# Metadata fields that only one kind of pool has.
_KIND_BY_FIELD = {"weights": "weighted", "amplification": "stable", "range": "concentrated"}
KINDS = ("constant_product", "weighted", "stable", "concentrated")

_PAIR = 2
# Characters of an id that tell it from others.
_TAIL = 6

# Asset types that stand for other assets, and how their underlying is described.
_UNDERLYING_PHRASE = {"lp_token": "in the pool", "staked_token": "staked", "yield_token": "behind it"}

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
    """A row of the registry with its metadata parsed."""

    id: str
    symbol: str
    chain: int | None
    coin: str
    kind: str
    metadata: Mapping[str, Any]


class Registry:
    """The registered assets and what each stands for.

    `schemas` lists the keys of `assets.metadata` that it reads.

    Attributes:
        claims: By asset, what it stands for.
        opaque: By asset, why it cannot be looked through although it stands for another; it is kept as it is.
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
        self._drop_opaque()

    # Claims

    def _claim(self, asset: _Asset) -> None:
        underlying, pegged = asset.metadata.get("underlying"), self._peg(asset)
        if underlying is None and pegged is not None:
            underlying = pegged
        if underlying is None and asset.symbol in KNOWN_TOKENS and KNOWN_TOKENS[asset.symbol] in self._of_symbol:
            underlying = KNOWN_TOKENS[asset.symbol]
        if underlying is None:
            if asset.kind in _UNDERLYING_PHRASE:
                self.opaque[asset.id] = f"its metadata does not say what is {_UNDERLYING_PHRASE[asset.kind]}"
            return
        underlying_names = [str(part) for part in underlying] if isinstance(underlying, list) else [str(underlying)]
        resolved = [self._resolve(name, asset) for name in underlying_names]
        failed = [leg.reason for leg in resolved if isinstance(leg, _Unresolved)]
        if failed or not underlying_names:
            self.opaque[asset.id] = failed[0] if failed else "its metadata names nothing that it stands for"
            return
        ids = tuple(leg for leg in resolved if isinstance(leg, str))
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
        peg = asset.metadata.get("peg")
        return str(peg) if peg is not None and peg != asset.symbol and str(peg) in self._of_symbol else None

    def _resolve(self, name: str, asset: _Asset) -> "str | _Unresolved":
        """The id of a named underlying: by id, else by symbol on the asset's chain, else by a unique symbol."""
        if name in self._assets:
            return name
        of_symbol = [other for other in self._of_symbol.get(name, []) if other.id != asset.id]
        on_chain = [other for other in of_symbol if other.chain == asset.chain or asset.chain in _chains(other)]
        coins = {other.coin for other in of_symbol}
        if len(on_chain) == 1:
            return on_chain[0].id
        if not on_chain and len(coins) == 1:
            return of_symbol[0].id
        if of_symbol:
            return _Unresolved(
                f"{len(on_chain or of_symbol)} assets go by the symbol {name}: name its underlying by id"
            )
        known_underlying = KNOWN_TOKENS.get(name)
        return (
            self._resolve(known_underlying, asset)
            if known_underlying
            else _Unresolved(f"its underlying {name} is not registered")
        )

    def _rate(self, leg: str) -> float:
        ratio: Any = self._assets[leg].metadata.get("ratio")
        return float(ratio) if _is_number(ratio) else 1.0

    def _drop_opaque(self) -> None:
        """Move to `opaque` each claim that is circular, or leads to an asset that is opaque or has no price."""
        changed = True
        while changed:
            changed = False
            for asset in list(self.claims):
                reason = self._why_opaque(asset)
                if reason:
                    del self.claims[asset]
                    self.opaque[asset] = reason
                    changed = True

    def _why_opaque(self, asset: str) -> str:
        claim = self.claims[asset]
        if self._is_circular(asset):
            return f"it stands for itself through {self.symbol(claim.legs[0])}"
        for leg in claim.legs:
            if leg in self.opaque:
                return f"{self.symbol(leg)} behind it cannot be looked through: {self.opaque[leg]}"
        if self._priced and claim.pool is not None and claim.pool.kind != "weighted":
            unpriced = [self.symbol(leg) for leg in claim.legs if self._price(leg) <= 0]
            return f"no price is stored of {', '.join(unpriced)}, which its pool holds" if unpriced else ""
        return ""

    def _is_circular(self, asset: str) -> bool:
        to_resolve, seen = list(self.claims[asset].legs), set[str]()
        while to_resolve:
            leg = to_resolve.pop()
            if leg == asset:
                return True
            if leg not in seen and leg in self.claims:
                seen.add(leg)
                to_resolve.extend(self.claims[leg].legs)
        return False

    # Names, pegs and kinds

    def symbol(self, asset: str) -> str:
        """Its symbol, or its id where it is not registered."""
        return self._assets[asset].symbol if asset in self._assets else asset

    def coin(self, asset: str) -> str:
        """What makes it the same coin on several chains: its CoinGecko name, else the asset itself."""
        return self._assets[asset].coin if asset in self._assets else asset

    def distinguishing_name(self, coin: str) -> str:
        """What a reader knows it by besides its symbol: its CoinGecko name, else its chain, else the end of its id."""
        if coin not in self._assets:
            return coin
        chain = self._assets[coin].chain
        return f"…{coin[-_TAIL:]}" if chain is None else CHAINS.get(chain, f"chain {chain}")

    def is_pegged(self, asset: str) -> bool:
        """Whether it keeps the price of a currency: by its metadata, or because it is a well-known stablecoin."""
        if asset not in self._assets:
            return False
        declared = self._assets[asset]
        return declared.metadata.get("peg") is not None or keeps_peg(declared.symbol)

    def kind(self, asset: str) -> str:
        """Its type, as the registry has it; empty where it has none."""
        return self._assets[asset].kind if asset in self._assets else ""

    def metadata(self, asset: str) -> Mapping[str, Any]:
        """Its metadata."""
        return self._assets[asset].metadata if asset in self._assets else {}

    def is_pool_share(self, asset: str) -> bool:
        """Whether it is a share of a pool of several assets, whether or not that can be looked through."""
        declared = self._assets.get(asset)
        if declared is None:
            return False
        underlying = declared.metadata.get("underlying")
        return declared.kind == "lp_token" or (isinstance(underlying, list) and len(underlying) >= _PAIR)

    # Exposures and moves

    @cached_property
    def look_through(self) -> LookThrough:
        """The arithmetic, at the prices given; what cannot be looked through stands for itself."""
        return LookThrough(self.claims, {asset: self._price(asset) for asset in self._assets})

    def _price(self, asset: str) -> float:
        """Its last price, else that of what it stands for times its ratio; 0 where neither is known."""
        priced, ratio = self.priced_by(asset, self._prices)
        return self._prices.get(priced, 0.0) * ratio

    def exposures(self, asset: str) -> tuple[dict[str, float], str | None]:
        """Base assets an asset stands for, as fractions that add up to 1, and why it could not be looked through.

        Returns:
            The fractions, by id; itself alone, and the reason, where it cannot be looked through.
        """
        return self.look_through.exposures(asset), self.opaque.get(asset)

    def is_base(self, symbol: str) -> bool:
        """Whether a registered asset of this symbol, in any case of letters, stands for itself."""
        written = symbol.lower()
        return any(
            written == self.symbol(base).lower()
            for asset in self._assets.values()
            if asset.symbol.lower() == written
            for base in self.exposures(asset.id)[0]
        )

    def priced_by(self, asset: str, known: Container[str]) -> tuple[str, float]:
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

    def with_underlying(self, assets: Iterable[str]) -> list[str]:
        """These assets and everything they stand for, at every depth, each once."""
        expanded: dict[str, None] = {}
        to_resolve = list(assets)
        while to_resolve:
            asset = to_resolve.pop(0)
            if asset not in expanded:
                expanded[asset] = None
                to_resolve.extend(self.claims[asset].legs if asset in self.claims else ())
        return list(expanded)


@dataclass(frozen=True, slots=True)
class _Unresolved:
    """An underlying's name that no asset has, or several have."""

    reason: str


def _read(assets: pl.DataFrame) -> list[_Asset]:
    missing_columns = {
        name: pl.lit(None, pl.String) for name in ("coingecko_id", "asset_type") if name not in assets.columns
    }
    complete = assets.with_columns(**missing_columns).select(
        "id", "symbol", "chain_id", "metadata", pl.col("coingecko_id", "asset_type").cast(pl.String)
    )
    rows = complete.sort("chain_id", "id", nulls_last=True).iter_rows()
    return [
        _Asset(
            id=id_,
            symbol=symbol,
            chain=chain,
            coin=coin or id_,
            kind=kind or "",
            metadata=_parsed_metadata(text, symbol),
        )
        for id_, symbol, chain, text, coin, kind in rows
    ]


def _parsed_metadata(text: str | None, symbol: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text) if text else {}
    except ValueError:
        raise ContractError(f"assets: metadata of {symbol} is not JSON; correct it") from None
    return parsed if isinstance(parsed, dict) else {}


def _chains(coin: _Asset) -> list[int]:
    """The chains whose own coin it is, by its metadata."""
    stated = coin.metadata.get("native_of_chains")
    return stated if isinstance(stated, list) else []


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and given > 0


def _pool(asset: _Asset, size: int) -> Pool | str:
    """The curve of a pool by its metadata, or why it is not known."""
    stated_pool = asset.metadata.get("pool")
    facts = {**asset.metadata, **stated_pool} if isinstance(stated_pool, dict) else asset.metadata
    stated_kind = facts.get("kind") if isinstance(stated_pool, dict) else stated_pool
    if stated_kind is None:
        kinds_by_field = (kind for fact, kind in _KIND_BY_FIELD.items() if facts.get(fact) is not None)
        stated_kind = next(kinds_by_field, KNOWN_POOLS.get(str(facts.get("protocol"))))
    if stated_kind is None:
        return "the kind of its pool is not known"
    kind = str(stated_kind).lower().replace("-", "_").replace(" ", "_")
    if kind not in KINDS:
        return f"its pool is of a kind that is not known: {kind}"
    try:
        return _curve(kind, facts, size)
    except (TypeError, ValueError) as error:
        return f"the metadata of its {kind.replace('_', ' ')} pool are not complete: {error}"


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


def look_through(positions: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """What each position stands for, in USD: the portfolio looked through.

    Args:
        positions: Positions: asset_id, value (USD; a debt is negative).
        registry: What assets stand for.

    Returns:
        One row for each position and coin behind it, in order: place (of the position in `positions`), asset_id, coin
        (its key: the same coin on several chains is one), name (its symbol; where two coins share one, with its
        CoinGecko name, else its chain, else the end of its id),
        value Float64 (they add up to that of the position), pegged Boolean, reason String: why the position could
        not be looked through, null where it could.
    """
    rows = []
    for place, (asset, value) in enumerate(positions.select("asset_id", pl.col("value").cast(pl.Float64)).iter_rows()):
        parts, reason = registry.exposures(asset)
        rows += [
            (place, asset, registry.coin(base), registry.symbol(base), value * part, registry.is_pegged(base), reason)
            for base, part in parts.items()
        ]
    exposures = pl.DataFrame(rows, schema=_EXPOSED, orient="row")
    names = _names(dict(exposures.select("coin", "name").iter_rows()), registry)
    return exposures.with_columns(name=pl.col("coin").replace_strict(names, return_dtype=pl.String))


def _names(symbols: Mapping[str, str], registry: Registry) -> dict[str, str]:
    """The name of each coin, by its key: no two have the same."""
    names = dict(symbols)
    for more in (registry.distinguishing_name, lambda coin: f"…{coin[-_TAIL:]}"):
        shared = {name for name, count in Counter(names.values()).items() if count > 1}
        names = {coin: f"{symbols[coin]} ({more(coin)})" if name in shared else name for coin, name in names.items()}
    return names


def symbols(positions: pl.DataFrame, registry: Registry) -> list[str]:
    """Symbols of positions and of what stands behind them, as other tables name assets: two coins may share one.

    Args:
        positions: What `holdings.positions` gave.
        registry: What assets stand for.
    """
    bases = {base for asset in positions["asset_id"] for base in registry.exposures(asset)[0]}
    return sorted({*positions["symbol"], *map(registry.symbol, bases)})


def not_looked_through(exposures: pl.DataFrame, registry: Registry) -> str | None:
    """The assets that could not be looked through, and why, in one line; None where all could.

    Args:
        exposures: What `look_through` gave.
        registry: What assets stand for.
    """
    reasons = exposures.drop_nulls("reason").unique("asset_id", maintain_order=True).select("asset_id", "reason").rows()
    return "; ".join(f"{registry.symbol(asset)}: {reason}" for asset, reason in reasons) or None
