"""Fixed parts of the demo: chains, assets, pools and places that a position can be in.

Knows names, addresses and how tokens are derived from one another; knows no price, day or portfolio.
"""

from dataclasses import dataclass, field
from typing import Literal

from ys_analytics.demo.identity import address, name_id

PositionType = Literal["spot", "staked", "lp_token", "yield_farm", "lending", "borrowing"]

MAINNET = 1

# The chains besides mainnet, each with the token its gas is paid in.
NATIVE = {1: "ETH", 10: "ETH", 137: "POL", 42161: "ETH", 8453: "ETH"}
LAYER_2 = (42161, 8453, 10, 137)

# Seconds between blocks, and the block of 2025-01-01 00:00 UTC (of the order of the real one).
BLOCKS = {0: (600.0, 877_000), 1: (12.0, 21_525_000), 10: (2.0, 130_000_000), 137: (2.1, 66_200_000),
          42161: (0.25, 290_700_000), 8453: (2.0, 24_500_000)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A token: `quote` is the symbol whose price it has (tokens on several chains share one)."""

    symbol: str
    name: str
    kind: Literal["crypto", "lp_token", "staked_token", "yield_token", "rwa_token"] = "crypto"
    chain: int | None = None
    native: bool = False
    decimals: int = 18
    coingecko: str | None = None
    metadata: dict[str, object] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its UUID, the same in every demo."""
        return name_id("asset", self.symbol, self.chain)

    @property
    def contract(self) -> str | None:
        """Its contract; none for a coin with a chain of its own."""
        return None if self.native else address("token", self.symbol, self.chain)

    @property
    def quoted_on(self) -> int:
        """The chain in `market_data`: 0 for native coins."""
        return self.chain or 0


def _coin(symbol: str, name: str, coingecko: str, *, decimals: int = 18, **metadata: object) -> Asset:
    return Asset(symbol=symbol, name=name, native=True, decimals=decimals, coingecko=coingecko, metadata=metadata)


def _token(
    symbol: str, name: str, coingecko: str, *, chain: int = MAINNET, decimals: int = 18, **metadata: object
) -> Asset:
    return Asset(symbol=symbol, name=name, chain=chain, decimals=decimals, coingecko=coingecko, metadata=metadata)


# Where the demo's liquidation thresholds are from, and of which day.
_AAVE_THRESHOLDS = {
    "liquidation_threshold_source": "Aave v3, Ethereum: reserve configuration",
    "liquidation_threshold_as_of": "2025-10-19",
}

ASSETS: tuple[Asset, ...] = (
    _coin("BTC", "Bitcoin", "bitcoin", decimals=8),
    _coin("ETH", "Ether", "ethereum", native_of_chains=[1, 10, 42161, 8453]),
    _coin("POL", "POL", "polygon-ecosystem-token", native_of_chains=[137]),
    *(
        _token("USDC", "USD Coin", "usd-coin", chain=chain, decimals=6, peg="USD", issuer="Circle")
        for chain in (MAINNET, *LAYER_2)
    ),
    _token("USDT", "Tether USD", "tether", decimals=6, peg="USD", issuer="Tether"),
    _token("DAI", "Dai", "dai", peg="USD", issuer="MakerDAO"),
    _token("LINK", "Chainlink", "chainlink"),
    _token("AAVE", "Aave", "aave"),
    _token("UNI", "Uniswap", "uniswap"),
    Asset(symbol="stETH", name="Lido Staked Ether", kind="staked_token", chain=MAINNET, coingecko="staked-ether",
          metadata={"underlying": "ETH", "protocol": "lido"}),
    Asset(symbol="aUSDC", name="Aave USDC", kind="yield_token", chain=MAINNET, decimals=6,
          metadata={"underlying": "USDC", "protocol": "aave-v3", "liquidation_threshold": 0.78, **_AAVE_THRESHOLDS}),
    Asset(symbol="aWETH", name="Aave Ether", kind="yield_token", chain=MAINNET,
          metadata={"underlying": "ETH", "protocol": "aave-v3", "liquidation_threshold": 0.83, **_AAVE_THRESHOLDS}),
    Asset(symbol="ETH-USDC-LP", name="Uniswap v2 ETH/USDC", kind="lp_token", chain=MAINNET,
          metadata={"underlying": ["ETH", "USDC"], "pool": "constant_product", "protocol": "uniswap-v2"}),
    Asset(symbol="TBILL", name="Treasury bill at par", kind="rwa_token", chain=MAINNET,
          metadata={"peg": "USD", "issuer": "Demo Treasury Desk", "valued": "at par"}),
)  # fmt: skip

# Symbols with a price of their own; the others are derived from these.
QUOTED = ("BTC", "ETH", "USDC", "USDT", "DAI", "LINK", "AAVE", "UNI", "POL")
OPTIONAL = frozenset({"POL"})
DERIVED = ("stETH", "aUSDC", "aWETH", "ETH-USDC-LP", "TBILL")
SYMBOLS = (*QUOTED, *DERIVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something can be held: an asset in a kind of position on a chain.

    Attributes:
        symbol: What is held; `gas` is the native token of the portfolio's second chain.
        position: How it is held.
        chain: `mainnet`, `second` the portfolio's second chain, `none` a chain of its own.
        protocol: The protocol it sits in; empty for a wallet.
        pool: The protocol's pool, as `POOLS` calls it, so that what is held and what it pays share an address.
        protocol_risk: Risk of that protocol, 0 to 1.
    """

    symbol: str
    position: PositionType = "spot"
    chain: Literal["mainnet", "second", "none"] = "mainnet"
    protocol: str = ""
    pool: str = ""
    protocol_risk: float = 0.05

    @property
    def contract(self) -> str | None:
        """The contract it sits in; none for a wallet."""
        return address("pool", self.protocol, self.pool, MAINNET) if self.protocol else None


PLACES: tuple[Place, ...] = (
    Place(symbol="BTC", chain="none"),
    Place(symbol="ETH"),
    Place(symbol="USDC"),
    Place(symbol="USDT"),
    Place(symbol="DAI"),
    Place(symbol="LINK"),
    Place(symbol="AAVE"),
    Place(symbol="UNI"),
    Place(symbol="TBILL", protocol_risk=0.10),
    Place(symbol="stETH", position="staked", protocol="lido", pool="stETH", protocol_risk=0.12),
    Place(symbol="aUSDC", position="lending", protocol="aave-v3", pool="USDC", protocol_risk=0.18),
    Place(symbol="aWETH", position="lending", protocol="aave-v3", pool="WETH", protocol_risk=0.18),
    Place(symbol="USDC", position="borrowing", protocol="aave-v3", pool="USDC", protocol_risk=0.35),
    Place(symbol="ETH-USDC-LP", position="lp_token", protocol="uniswap-v2", pool="ETH/USDC", protocol_risk=0.30),
    Place(symbol="ETH-USDC-LP", position="yield_farm", protocol="uniswap-farm", pool="ETH/USDC", protocol_risk=0.55),
    Place(symbol="gas", chain="second", protocol_risk=0.15),
    Place(symbol="USDC", chain="second", protocol_risk=0.15),
)
(
    BTC,
    ETH,
    USDC,
    USDT,
    DAI,
    LINK,
    AAVE,
    UNI,
    TBILL,
    STETH,
    AUSDC,
    AWETH,
    DEBT,
    LP,
    FARM,
    SECOND_CHAIN_GAS,
    SECOND_CHAIN_USDC,
) = range(len(PLACES))

# Liquidation threshold by place.
LIQUIDATION_THRESHOLDS: dict[int, float] = {
    number: threshold
    for number, place in enumerate(PLACES)
    for asset in ASSETS
    if asset.symbol == place.symbol and isinstance(threshold := asset.metadata.get("liquidation_threshold"), float)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool: fees or interest and rewards per year, and value locked."""

    protocol: str
    pair: str
    chain: int
    fees: float
    rewards: float
    tvl: float
    il_risk: float = 0.0

    @property
    def contract(self) -> str:
        """Its address, the same in every demo."""
        return address("pool", self.protocol, self.pair, self.chain)


POOLS: tuple[Pool, ...] = (
    Pool(protocol="lido", pair="stETH", chain=1, fees=0.031, rewards=0.0, tvl=24e9),
    Pool(protocol="aave-v3", pair="USDC", chain=1, fees=0.045, rewards=0.0, tvl=3.1e9),
    Pool(protocol="aave-v3", pair="WETH", chain=1, fees=0.018, rewards=0.0, tvl=5.4e9),
    Pool(protocol="uniswap-v2", pair="ETH/USDC", chain=1, fees=0.085, rewards=0.0, tvl=95e6, il_risk=0.12),
    Pool(protocol="uniswap-farm", pair="ETH/USDC", chain=1, fees=0.085, rewards=0.11, tvl=31e6, il_risk=0.12),
    Pool(protocol="uniswap-v3", pair="ETH/USDC", chain=1, fees=0.19, rewards=0.0, tvl=240e6, il_risk=0.22),
    Pool(protocol="uniswap-v3", pair="BTC/ETH", chain=1, fees=0.06, rewards=0.0, tvl=130e6, il_risk=0.08),
    Pool(protocol="uniswap-v3", pair="LINK/ETH", chain=1, fees=0.14, rewards=0.0, tvl=28e6, il_risk=0.16),
    Pool(protocol="curve", pair="USDC/USDT/DAI", chain=1, fees=0.012, rewards=0.021, tvl=410e6, il_risk=0.01),
    Pool(protocol="curve", pair="stETH/ETH", chain=1, fees=0.009, rewards=0.025, tvl=280e6, il_risk=0.01),
    Pool(protocol="compound-v3", pair="USDC", chain=1, fees=0.041, rewards=0.008, tvl=900e6),
    Pool(protocol="treasury-desk", pair="TBILL", chain=1, fees=0.0, rewards=0.0, tvl=150e6),
    Pool(protocol="aave-v3", pair="USDC", chain=42161, fees=0.052, rewards=0.004, tvl=420e6),
    Pool(protocol="aave-v3", pair="USDC", chain=137, fees=0.049, rewards=0.006, tvl=110e6),
    Pool(protocol="aave-v3", pair="USDC", chain=8453, fees=0.055, rewards=0.0, tvl=210e6),
    Pool(protocol="velodrome", pair="ETH/USDC", chain=10, fees=0.05, rewards=0.17, tvl=18e6, il_risk=0.14),
    Pool(protocol="aerodrome", pair="ETH/USDC", chain=8453, fees=0.07, rewards=0.22, tvl=44e6, il_risk=0.15),
    Pool(protocol="camelot", pair="ETH/USDC", chain=42161, fees=0.06, rewards=0.13, tvl=12e6, il_risk=0.15),
    Pool(protocol="quickswap", pair="POL/USDC", chain=137, fees=0.08, rewards=0.16, tvl=7e6, il_risk=0.21),
    Pool(protocol="uniswap-v3", pair="ETH/USDC", chain=8453, fees=0.24, rewards=0.0, tvl=66e6, il_risk=0.24),
)
LIDO, AAVE_USDC, AAVE_WETH, UNISWAP_V2, UNISWAP_FARM = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Satellite:
    """One of the eight agents: its type, its reliability and the tasks it is given."""

    id: str
    name: str
    description: str
    agent_type: str
    implementation: str
    tasks: tuple[str, ...]
    success_rate: float
    response_ms: int


SATELLITES: tuple[Satellite, ...] = (
    Satellite(
        id="sage",
        name="Sage - Logic & Research",
        description="Market analysis and RWA integration",
        agent_type="logic",
        implementation="custom",
        tasks=("research_protocol", "analyse_market"),
        success_rate=0.97,
        response_ms=840,
    ),
    Satellite(
        id="forge",
        name="Forge - Builder & Engineering",
        description="Smart contract optimization and MEV protection",
        agent_type="builder",
        implementation="custom",
        tasks=("optimise_route", "simulate_transaction"),
        success_rate=0.96,
        response_ms=310,
    ),
    Satellite(
        id="pulse",
        name="Pulse - Growth & Optimization",
        description="Yield farming and staking optimization",
        agent_type="growth",
        implementation="hybrid",
        tasks=("harvest_rewards", "rebalance_yield"),
        success_rate=0.93,
        response_ms=520,
    ),
    Satellite(
        id="aegis",
        name="Aegis - Security & Risk",
        description="Risk management and liquidation protection",
        agent_type="security",
        implementation="custom",
        tasks=("assess_risk", "watch_liquidation"),
        success_rate=0.99,
        response_ms=150,
    ),
    Satellite(
        id="echo",
        name="Echo - Sentiment & Community",
        description="Social monitoring and sentiment analysis",
        agent_type="sentiment",
        implementation="elizaos",
        tasks=("score_sentiment", "watch_community"),
        success_rate=0.91,
        response_ms=1_900,
    ),
    Satellite(
        id="fuel",
        name="Fuel - Logistics & Capital",
        description="Capital deployment and gas optimization",
        agent_type="logistics",
        implementation="hybrid",
        tasks=("deploy_capital", "estimate_gas"),
        success_rate=0.95,
        response_ms=270,
    ),
    Satellite(
        id="bridge",
        name="Bridge - Cross-Chain Operations",
        description="Multi-chain coordination and arbitrage",
        agent_type="cross_chain",
        implementation="custom",
        tasks=("bridge_funds", "find_arbitrage"),
        success_rate=0.88,
        response_ms=2_600,
    ),
    Satellite(
        id="oracle",
        name="Oracle - Data Integrity",
        description="Data validation and RWA verification",
        agent_type="data",
        implementation="hybrid",
        tasks=("validate_prices", "verify_rwa"),
        success_rate=0.985,
        response_ms=420,
    ),
)
