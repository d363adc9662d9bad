"""Which asset a file means: by contract and chain first, by a vendor's id second, by symbol only where one fits.

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
# How files write a chain's own coin where others have a contract.
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
    """The registry, and what an import adds to it."""

    def __init__(self, known: list[Asset]) -> None:
        """Index what is known."""
        self._known: list[Asset] = []
        self._contracts: dict[tuple[int, str], Asset] = {}
        self.new: list[dict[str, Any]] = []
        for one in known:
            self._add(one)

    def _add(self, one: Asset) -> None:
        self._known.append(one)
        if one.chain is not None and one.contract:
            self._contracts[one.chain, one.contract] = one

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
        return next((one for one in self._known if one.id == id_), None)

    def by_contract(self, chain: int, contract: str) -> Asset | None:
        """The token of a contract on a chain."""
        return self._contracts.get((chain, contract.lower()))

    def by_symbol(self, symbol: str, *, chain: int | None = None) -> Asset | str:
        """The asset a symbol means, or why it means none.

        On a chain it is the only one of that symbol there, or a coin without a contract. Without one it is the coin
        with a chain of its own, else mainnet's, else the only one there is.

        Args:
            symbol: As the file has it; capitals matter only where two assets differ in nothing else.
            chain: EVM chain, where the file says so.
        """
        found = self.named(symbol, chain)
        if len(found) == 1:
            return found[0]
        if found:
            return f"{symbol} means several assets: {' and '.join(map(str, found))}"
        if chain is not None and self.named(symbol):
            return f"{symbol} is not registered on {CHAINS.get(chain, f'chain {chain}')}"
        return f"no asset has the symbol {symbol}"

    def named(self, symbol: str, chain: int | None = None) -> list[Asset]:
        """Every asset that a symbol may mean, by the rule of `by_symbol`."""
        exact = [one for one in self._known if one.symbol == symbol]
        found = exact or [one for one in self._known if one.symbol.upper() == symbol.upper()]
        if chain is not None:
            there = [one for one in found if one.chain == chain]
            return there or [one for one in found if one.chain is None and one.contract is None]
        ranks = [0 if one.chain is None else 1 if one.chain == _MAINNET else 2 for one in found]
        return [one for one, rank in zip(found, ranks, strict=True) if rank == min(ranks)]

    def find(self, text: str) -> Asset | str:
        """The asset a person names: its id, chain:contract, a vendor's id, its symbol or its name.

        >>> coin = Asset(id="e", symbol="ETH", chain=None, contract=None, decimals=18, vendor="ethereum", name="Ether")
        >>> Assets([coin]).find("ethereum").symbol, Assets([coin]).find("XYZ")
        ('ETH', 'no asset is called XYZ')
        """
        said = text.strip()
        if _UUID.fullmatch(said):
            return self.by_id(said) or f"no asset has the id {said}"
        chain, _, contract = said.partition(":")
        if _CONTRACT.fullmatch(contract):
            number = chain_number(chain)
            if number is None:
                return f"{chain} is no chain"
            return self.by_contract(number, contract) or f"no asset has the contract {contract} on {chain}"
        if vendors := [one for one in self._known if one.vendor and one.vendor == said.lower()]:
            coins = [one for one in vendors if one.chain is None] or [one for one in vendors if one.chain == _MAINNET]
            if len(coins or vendors) == 1:
                return (coins or vendors)[0]
        found = self.by_symbol(said)
        if isinstance(found, Asset) or "several" in found:
            return found
        named = [one for one in self._known if one.name.lower() == said.lower()]
        return named[0] if len(named) == 1 else f"no asset is called {said}"

    def register(
        self, symbol: str, *, since: datetime, chain: int | None = None, contract: str | None = None,
        decimals: int | None = None, note: dict[str, Any] | None = None,
    ) -> Asset:  # fmt: skip
        """A new asset, whose id follows from chain and contract, or from its symbol.

        Args:
            symbol: Its ticker, which becomes its name too.
            since: When it is first named.
            chain: EVM chain.
            contract: Its contract there.
            decimals: Decimal places, where they are known.
            note: More of `assets.metadata`.
        """
        place = f"/{chain}" if chain else ""
        path = f"{chain}/{contract.lower()}" if contract else f"{symbol}{place}"
        id_ = str(uuid5(NAMESPACE_URL, f"ys-analytics/asset/{path}"))
        if (known := self.by_id(id_)) is not None:
            return known
        one = Asset(
            id=id_, symbol=symbol, chain=chain, contract=contract and contract.lower(), decimals=decimals, vendor=None,
            name=symbol,
        )  # fmt: skip
        self._add(one)
        self.new.append(
            {
                "id": id_, "symbol": symbol[:50], "name": symbol[:255], "asset_type": "crypto", "chain_id": chain,
                "contract_address": one.contract, "decimals": decimals, "is_active": True,
                "metadata": json.dumps({"registered_by": "import", **(note or {})}),
                "created_at": since, "updated_at": since,
            }
        )  # fmt: skip
        return one

    def rows(self) -> pl.DataFrame:
        """What was registered, as rows of `assets`."""
        return pl.DataFrame(self.new, schema=TABLES["assets"].schema)


def chain_number(text: str) -> int | None:
    """A chain by number or name; None where it is neither.

    >>> chain_number("arbitrum"), chain_number("8453"), chain_number("atlantis")
    (42161, 8453, None)
    """
    said = chain_words(text)
    if said.isdigit() and int(said) < 2**31:
        return int(said)
    return CHAIN_NUMBERS.get(_DUNE.get(said, said))


# What Dune and DefiLlama call chains otherwise.
_DUNE = {"avalanche c": "avax", "binance": "bsc", "op mainnet": "optimism"}
