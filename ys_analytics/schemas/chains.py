"""The chains by number and name: one table for pages, imports and errors."""

from collections.abc import Mapping
from types import MappingProxyType

CHAINS: Mapping[int, str] = MappingProxyType({
    0: "own chain",
    1: "Ethereum",
    10: "Optimism",
    56: "BNB Chain",
    100: "Gnosis",
    137: "Polygon",
    250: "Fantom",
    324: "zkSync",
    8453: "Base",
    42161: "Arbitrum",
    43114: "Avalanche",
    59144: "Linea",
})  # fmt: skip

# What vendors and wallets write besides the names above; lower case, words apart by one blank.
_ALIASES = {
    "eth": 1, "mainnet": 1, "ethereum mainnet": 1, "eth mainnet": 1,
    "op": 10, "op mainnet": 10, "optimistic ethereum": 10,
    "bsc": 56, "bnb": 56, "bnb smart chain": 56, "binance smart chain": 56,
    "xdai": 100, "gnosis chain": 100,
    "matic": 137, "pol": 137, "polygon pos": 137, "polygon mainnet": 137,
    "ftm": 250, "fantom opera": 250,
    "zksync era": 324, "era": 324,
    "base mainnet": 8453,
    "arb": 42161, "arb1": 42161, "arbitrum one": 42161,
    "avax": 43114, "avalanche c chain": 43114,
    "linea mainnet": 59144,
}  # fmt: skip

CHAIN_NUMBERS: Mapping[str, int] = MappingProxyType(
    {name.lower(): number for number, name in CHAINS.items() if number} | _ALIASES
)


def chain_words(name: str) -> str:
    """A chain's name as `CHAIN_NUMBERS` spells it: lower case, hyphens and underscores as blanks.

    >>> chain_words(" Polygon-PoS "), CHAIN_NUMBERS[chain_words("arbitrum_one")]
    ('polygon pos', 42161)
    """
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())
