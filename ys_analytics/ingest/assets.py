"""Assets that files name, found by contract and chain first, by a vendor's id second, by symbol only where one fits.

Depends on the table `assets`. Does not guess between two: both are named, and the caller asks.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

import polars as pl

from ys_analytics.schemas import CHAIN_NUMBERS, CHAINS, TABLES, chain_words

if TYPE_CHECKING:
    from ys_analytics.stores import Stores

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CONTRACT = re.compile(r"0x[0-9a-fA-F]{40}")
# What files write in place of a contract for a chain's native coin.
NATIVE = frozenset({"", "0x" + "0" * 40, "0x" + "e" * 40})
_MAINNET = 1
FIAT = frozenset({"USD", "EUR", "GBP", "CHF", "JPY", "CAD", "AUD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An asset of the registry.

    Attributes:
        id: Its id.
        symbol: Its ticker.
        chain: EVM chain; None for a coin with a chain of its own.
        contract: Its contract in lower case; None for a coin.
        decimals: Decimal places on chain, where they are known.
        vendor: Its name at CoinGecko.
        name: Its full name.
    """

    id: str
    symbol: str
    chain: int | None
    contract: str | None
    decimals: int | None
    vendor: str | None
    name: str

    def __str__(self) -> str:
        """For a message: name, contract and chain."""
        chain = "no chain" if self.chain is None else CHAINS.get(self.chain, f"chain {self.chain}")
        return f"{self.name} ({self.contract or self.id}, {chain})"


class Assets:
    """The registered assets, and those that an import registers."""

    def __init__(self, known: list[Asset]) -> None:
        """Index the registered assets."""
        self._known: list[Asset] = []
        self._contracts: dict[tuple[int, str], Asset] = {}
        self.new: list[dict[str, Any]] = []
        for asset in known:
            self._add(asset)

    def _add(self, asset: Asset) -> None:
        self._known.append(asset)
        if asset.chain is not None and asset.contract:
            self._contracts[asset.chain, asset.contract] = asset

    @classmethod
    def load(cls, stores: "Stores") -> "Assets":
        """The table `assets` as it is."""
        rows = stores.postgres.rows(
            "SELECT id::text, symbol, chain_id, lower(contract_address), decimals, coingecko_id, name FROM assets"
            " ORDER BY symbol, chain_id NULLS FIRST, contract_address, id"
        )
        names = ("id", "symbol", "chain", "contract", "decimals", "vendor", "name")
        return cls([Asset(**dict(zip(names, row, strict=True))) for row in rows])

    def by_id(self, id_: str) -> Asset | None:
        """The asset of an id."""
        return next((asset for asset in self._known if asset.id == id_), None)

    def by_contract(self, chain: int, contract: str) -> Asset | None:
        """The token of a contract on a chain."""
        return self._contracts.get((chain, contract.lower()))

    def by_symbol(self, symbol: str, *, chain: int | None = None) -> Asset | str:
        """The asset of a symbol, or why there is not exactly one.

        On a chain it is the only one of that symbol there, or a coin without a contract. Without one it is the coin
        with a chain of its own, else mainnet's, else the only one there is.

        Args:
            symbol: As the file has it; capitals matter only where two assets differ in nothing else.
            chain: EVM chain, where the file says so.
        """
        matching = self.candidates(symbol, chain)
        if len(matching) == 1:
            return matching[0]
        if matching:
            return f"{symbol} means several assets: {' and '.join(map(str, matching))}"
        if chain is not None and self.candidates(symbol):
            return f"{symbol} is not registered on {CHAINS.get(chain, f'chain {chain}')}"
        return f"no asset has the symbol {symbol}"

    def candidates(self, symbol: str, chain: int | None = None) -> list[Asset]:
        """Every asset that a symbol may mean, by the rule of `by_symbol`."""
        exact = [asset for asset in self._known if asset.symbol == symbol]
        found = exact or [asset for asset in self._known if asset.symbol.upper() == symbol.upper()]
        if chain is not None:
            there = [asset for asset in found if asset.chain == chain]
            return there or [asset for asset in found if asset.chain is None and asset.contract is None]
        ranks = [0 if asset.chain is None else 1 if asset.chain == _MAINNET else 2 for asset in found]
        return [asset for asset, rank in zip(found, ranks, strict=True) if rank == min(ranks)]

    def find(self, text: str) -> Asset | str:
        """The asset of an id, chain:contract, vendor's id, symbol or name; or why there is none.

        >>> coin = Asset(id="e", symbol="ETH", chain=None, contract=None, decimals=18, vendor="ethereum", name="Ether")
        >>> Assets([coin]).find("ethereum").symbol, Assets([coin]).find("XYZ")
        ('ETH', 'no asset is called XYZ')
        """
        name_text = text.strip()
        if _UUID.fullmatch(name_text):
            return self.by_id(name_text) or f"no asset has the id {name_text}"
        chain, _, contract = name_text.partition(":")
        if _CONTRACT.fullmatch(contract):
            number = chain_number(chain)
            if number is None:
                return f"{chain} is no chain"
            return self.by_contract(number, contract) or f"no asset has the contract {contract} on {chain}"
        if by_vendor_id := [asset for asset in self._known if asset.vendor and asset.vendor == name_text.lower()]:
            preferred = [asset for asset in by_vendor_id if asset.chain is None] or [
                asset for asset in by_vendor_id if asset.chain == _MAINNET
            ]
            if len(preferred or by_vendor_id) == 1:
                return (preferred or by_vendor_id)[0]
        by_symbol = self.by_symbol(name_text)
        if isinstance(by_symbol, Asset) or "several" in by_symbol:
            return by_symbol
        by_name = [asset for asset in self._known if asset.name.lower() == name_text.lower()]
        return by_name[0] if len(by_name) == 1 else f"no asset is called {name_text}"

    def register(
        self, symbol: str, *, since: datetime, chain: int | None = None, contract: str | None = None,
        decimals: int | None = None, metadata: dict[str, Any] | None = None,
    ) -> Asset:  # fmt: skip
        """A new asset, whose id follows from chain and contract, or from its symbol.

        Args:
            symbol: Its ticker, which becomes its name too.
            since: When it is first named.
            chain: EVM chain.
            contract: Its contract there.
            decimals: Decimal places, where they are known.
            metadata: More of `assets.metadata`.
        """
        chain_part = f"/{chain}" if chain else ""
        path = f"{chain}/{contract.lower()}" if contract else f"{symbol}{chain_part}"
        id_ = str(uuid5(NAMESPACE_URL, f"ys-analytics/asset/{path}"))
        if (existing := self.by_id(id_)) is not None:
            return existing
        asset = Asset(
            id=id_, symbol=symbol, chain=chain, contract=contract and contract.lower(), decimals=decimals, vendor=None,
            name=symbol,
        )  # fmt: skip
        self._add(asset)
        self.new.append(
            {
                "id": id_, "symbol": symbol[:50], "name": symbol[:255], "asset_type": "crypto", "chain_id": chain,
                "contract_address": asset.contract, "decimals": decimals, "is_active": True,
                "metadata": json.dumps({"registered_by": "import", **(metadata or {})}),
                "created_at": since, "updated_at": since,
            }
        )  # fmt: skip
        return asset

    def rows(self) -> pl.DataFrame:
        """The newly registered assets, as rows of `assets`."""
        return pl.DataFrame(self.new, schema=TABLES["assets"].schema)


def chain_number(text: str) -> int | None:
    """A chain by number or name; None where it is neither.

    >>> chain_number("arbitrum"), chain_number("8453"), chain_number("atlantis")
    (42161, 8453, None)
    """
    words = chain_words(text)
    if words.isdigit() and int(words) < 2**31:
        return int(words)
    return CHAIN_NUMBERS.get(_DUNE.get(words, words))


# Names of chains that only Dune and DefiLlama use.
_DUNE = {"avalanche c": "avax", "binance": "bsc", "op mainnet": "optimism"}
