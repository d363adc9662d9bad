"""The coin in which each chain's gas is paid, and what a transaction costs besides gas used times its price.

Facts, each with its source and, where a coin changed its name, from when to when. A chain that is not here is
unknown, never guessed: `metadata.native_of_chains` of an asset states it, and stands above this table.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """The native coin of a chain for a time.

    Attributes:
        chain: EVM chain id.
        symbol: What the coin was called then.
        since: First UTC day of that name; None from the chain's beginning.
        until: First UTC day of the next name; None while it lasts.
        source: Where that is said.
    """

    chain: int
    symbol: str
    since: date | None = None
    until: date | None = None
    source: str = "chainlist.org, nativeCurrency"


_POL, _KAIA = date(2024, 9, 4), date(2024, 8, 29)
_POL_SOURCE = "Polygon Labs, 'MATIC to POL upgrade', 2024-09-04: the native gas token becomes POL, one for one"
_KAIA_SOURCE = "Kaia Foundation, mainnet of 2024-08-29: KLAY is called KAIA, one for one"

NATIVE_COINS: tuple[Coin, ...] = (
    *(
        Coin(chain=chain, symbol="ETH")
        for chain in (
            1,  # Ethereum
            10,  # Optimism
            130,  # Unichain
            324,  # zkSync Era
            480,  # World Chain
            1101,  # Polygon zkEVM
            8453,  # Base
            34443,  # Mode
            42161,  # Arbitrum One
            42170,  # Arbitrum Nova
            57073,  # Ink
            59144,  # Linea
            81457,  # Blast
            167000,  # Taiko
            534352,  # Scroll
            7777777,  # Zora
            1313161554,  # Aurora
        )
    ),
    Coin(chain=25, symbol="CRO"),  # Cronos
    Coin(chain=56, symbol="BNB"),  # BNB Smart Chain
    Coin(chain=100, symbol="XDAI"),  # Gnosis
    Coin(chain=137, symbol="MATIC", until=_POL, source=_POL_SOURCE),  # Polygon PoS
    Coin(chain=137, symbol="POL", since=_POL, source=_POL_SOURCE),
    Coin(chain=146, symbol="S"),  # Sonic; its predecessor Fantom is a chain of its own and keeps FTM
    Coin(chain=204, symbol="BNB"),  # opBNB
    Coin(chain=250, symbol="FTM"),  # Fantom Opera
    Coin(chain=1088, symbol="METIS"),  # Metis Andromeda
    Coin(chain=1284, symbol="GLMR"),  # Moonbeam
    Coin(chain=1285, symbol="MOVR"),  # Moonriver
    Coin(chain=5000, symbol="MNT"),  # Mantle
    Coin(chain=8217, symbol="KLAY", until=_KAIA, source=_KAIA_SOURCE),  # Kaia, before it Klaytn
    Coin(chain=8217, symbol="KAIA", since=_KAIA, source=_KAIA_SOURCE),
    Coin(chain=42220, symbol="CELO"),  # Celo
    Coin(chain=43114, symbol="AVAX"),  # Avalanche C-Chain
    Coin(chain=80094, symbol="BERA"),  # Berachain
)

# What leaves the wallet besides gas_used x gas_price: keys of `transactions.metadata`, each in whole native coins. The
# price of a unit of gas already holds base fee and priority fee; gas used on Arbitrum already holds the part for L1.
OTHER_FEES: dict[str, str] = {
    "network_fee": "what a transaction cost in all, where its gas and its price are not known apart (explorers' files)",
    "l1_fee": "what a rollup charges for its data on Ethereum (OP stack, Scroll: `l1Fee` of the receipt)",
    "operator_fee": "what a rollup's operator charges (OP stack since Isthmus)",
    "blob_fee": "what blobs cost the sender of a blob transaction (EIP-4844: blobGasUsed x blobGasPrice)",
}

# Who paid the gas, where a transaction says so: `metadata.gas_paid_by` is "portfolio", or names anybody else.
GAS_PAID_BY = "gas_paid_by"
PORTFOLIO = "portfolio"
