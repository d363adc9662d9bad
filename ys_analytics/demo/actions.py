"""What can be done on chain: each action's transaction type, protocol, gas and cost.

Knows no portfolio and no price. An action moves a quantity out of one place and into another; what is
borrowed is a place with a negative quantity, so that one law holds for all of them.
"""

from dataclasses import dataclass

from ys_analytics.demo.world import (
    AAVE,
    AUSDC,
    AWETH,
    BTC,
    DAI,
    ETH,
    FARM,
    LINK,
    LP,
    SECOND_CHAIN_USDC,
    STETH,
    TBILL,
    UNI,
    USDC,
    USDT,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One kind of transaction.

    Attributes:
        name: What `metadata.action` says.
        type: The value of `transaction_type`.
        protocol: The value of `protocol_name`; empty when money crosses the portfolio's edge.
        gas: Typical gas in hundreds; 0 when another account pays it or there is none.
        fee: What the trade costs, as a share of what is given.
        at_par: One unit given is one unit received, at any prices.
        strategy: The kind of strategy that does it; empty when the owner does.
    """

    name: str
    type: str
    protocol: str = ""
    gas: int = 0
    fee: float = 0.0
    at_par: bool = False
    strategy: str = ""


DEPOSIT = Action(name="deposit", type="deposit")
WITHDRAW = Action(name="withdraw", type="withdraw", gas=630)
# Everything at once, the gas paid by the receiver, so that nothing stays behind.
WITHDRAW_ALL = Action(name="sweep", type="withdraw")
# The owner's wallet deposits into Aave on the portfolio's behalf: external although a protocol is named.
DEPOSIT_AT_PROTOCOL = Action(name="deposit_on_behalf", type="deposit", protocol="aave-v3")
# From one wallet of the portfolio to another: internal although no protocol is named.
MOVE_WALLET = Action(name="move_wallet", type="deposit", gas=630, at_par=True)
BRIDGE_IN = Action(name="bridge_in", type="bridge", protocol="across")

REBASE = Action(name="rebase", type="claim", protocol="lido", strategy="staking")
INTEREST = Action(name="interest", type="claim", protocol="aave-v3", strategy="lending")
DEBT_INTEREST = Action(name="debt_interest", type="claim", protocol="aave-v3", strategy="lending")
HARVEST = Action(name="harvest", type="claim", protocol="uniswap-farm", gas=1_120, strategy="yield_farming")

BUY_GAS = Action(name="buy_gas", type="swap", protocol="uniswap-v3", gas=1_480, fee=0.0015)
SEND_GAS = Action(name="bridge_gas", type="bridge", protocol="across", gas=950, fee=0.0006)
BORROW = Action(name="borrow", type="withdraw", protocol="aave-v3", gas=2_900, at_par=True, strategy="lending")
REPAY = Action(name="repay", type="deposit", protocol="aave-v3", gas=2_300, at_par=True, strategy="lending")

# A trader's account at an exchange: no chain, no gas, a spread that is chosen so that every day loses.
ROUND_TRIP_OUT = Action(name="buy_high", type="swap", protocol="exchange")
ROUND_TRIP_BACK = Action(name="sell_low", type="swap", protocol="exchange")

UNCONFIRMED_SWAP = Action(name="swap", type="swap", protocol="uniswap-v3", gas=1_480)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The actions by which a place is entered from, and left to, the place that funds it."""

    source: int
    enter: Action
    leave: Action


def _swap(protocol: str, fee: float, gas: int) -> Action:
    return Action(name="swap", type="swap", protocol=protocol, fee=fee, gas=gas)


def _swap_route(protocol: str, *, fee: float, gas: int = 1_480, source: int = USDC) -> Route:
    return Route(source=source, enter=_swap(protocol, fee, gas), leave=_swap(protocol, fee, gas))


def _lending_route(source: int) -> Route:
    return Route(
        source=source,
        enter=Action(name="supply", type="deposit", protocol="aave-v3", gas=2_100, at_par=True, strategy="lending"),
        leave=Action(name="redeem", type="withdraw", protocol="aave-v3", gas=2_400, at_par=True, strategy="lending"),
    )


ROUTES: dict[int, Route] = {
    BTC: _swap_route("thorchain", fee=0.002),
    ETH: _swap_route("uniswap-v3", fee=0.0015),
    USDT: _swap_route("curve", fee=0.0004, gas=1_900),
    DAI: _swap_route("curve", fee=0.0004, gas=1_900),
    LINK: _swap_route("uniswap-v3", fee=0.003),
    AAVE: _swap_route("uniswap-v3", fee=0.003),
    UNI: _swap_route("uniswap-v3", fee=0.003),
    TBILL: _swap_route("treasury-desk", fee=0.0, gas=1_700),
    STETH: Route(
        source=ETH,
        enter=Action(name="stake", type="stake", protocol="lido", gas=820, at_par=True, strategy="staking"),
        leave=Action(name="unstake", type="unstake", protocol="lido", gas=2_600, at_par=True, strategy="staking"),
    ),
    AUSDC: _lending_route(USDC),
    AWETH: _lending_route(ETH),
    LP: Route(
        source=USDC,
        enter=Action(name="add_liquidity", type="deposit", protocol="uniswap-v2", gas=3_100, fee=0.002,
                     strategy="liquidity_provision"),
        leave=Action(name="remove_liquidity", type="withdraw", protocol="uniswap-v2", gas=2_700, fee=0.002,
                     strategy="liquidity_provision"),
    ),
    FARM: Route(
        source=LP,
        enter=Action(name="farm", type="stake", protocol="uniswap-farm", gas=1_250, at_par=True,
                     strategy="yield_farming"),
        leave=Action(name="unfarm", type="unstake", protocol="uniswap-farm", gas=1_350, at_par=True,
                     strategy="yield_farming"),
    ),
    SECOND_CHAIN_USDC: Route(
        source=USDC,
        enter=Action(name="bridge_out", type="bridge", protocol="across", gas=1_050, fee=0.0006, strategy="arbitrage"),
        leave=Action(name="bridge_back", type="bridge", protocol="across", gas=900, fee=0.0006, strategy="arbitrage"),
    ),
}  # fmt: skip


def _distinct() -> tuple[Action, ...]:
    actions = [
        DEPOSIT, WITHDRAW, WITHDRAW_ALL, DEPOSIT_AT_PROTOCOL, MOVE_WALLET, BRIDGE_IN, REBASE, INTEREST,
        DEBT_INTEREST, HARVEST, BUY_GAS, SEND_GAS, BORROW, REPAY, ROUND_TRIP_OUT, ROUND_TRIP_BACK, UNCONFIRMED_SWAP,
    ]  # fmt: skip
    for route in ROUTES.values():
        actions += [route.enter, route.leave]
    return tuple(dict.fromkeys(actions))


# All actions; an entry of the ledger names one by its index here.
ACTIONS = _distinct()
