"""Portfolios with a random history: a market, a ledger, snapshots and positions, each out of one seed.

A history is rows as the tables hold them. What happens in it is drawn from a list of events, so that every kind the
kit must get right occurs many times in a few hundred histories; `History.kinds` says which occurred.
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from uuid import UUID

from .plain_market import DAY, Row, money
from .plain_pools import stable_worth

NOON, NIGHT = time(12), time(23, 59, 59)

# What is traded: name, symbol, chain, contract, what metadata say, first price and daily deviation.
ETH, USDC, USDC_E, USDC_PO, USDC_OP, DAI, BAL = "ETH", "USDC", "USDC.e@137", "USDC@137", "USDC@10", "DAI", "BAL"
STETH, AUSDC, DEBT = "stETH", "aUSDC", "borrowing"
HALVES, WEIGHTED, STABLE, UNKNOWN = "ETH-USDC", "80BAL-20ETH", "DAI-USDC", "ETH-DAI"
POOLS = {HALVES: (USDC, "uniswap-v2"), WEIGHTED: (BAL, "balancer-v2"), STABLE: (DAI, "curve"), UNKNOWN: (DAI, "curve")}
AMPLIFICATION = 200
MATIC, POL = "MATIC", "POL"
RENAMED = date(2024, 9, 4)

_ASSETS: dict[str, tuple[str, int | None, str, dict[str, object]]] = {
    ETH: ("ETH", None, "crypto", {"native_of_chains": [1, 10]}),
    USDC: ("USDC", 1, "crypto", {"peg": "USD"}),
    USDC_E: ("USDC", 137, "crypto", {"peg": "USD", "issuer": "a bridge"}),
    USDC_PO: ("USDC", 137, "crypto", {"peg": "USD"}),
    USDC_OP: ("USDC", 10, "crypto", {"peg": "USD"}),
    DAI: ("DAI", 1, "crypto", {"peg": "USD"}),
    BAL: ("BAL", 1, "crypto", {}),
    MATIC: ("MATIC", None, "crypto", {}),
    POL: ("POL", None, "crypto", {}),
    STETH: ("stETH", 1, "staked_token", {"protocol": "lido", "underlying": "ETH", "rebasing": True}),
    AUSDC: ("aUSDC", 1, "yield_token", {"protocol": "aave-v3", "underlying": "USDC", "rebasing": True}),
    HALVES: ("ETH-USDC", 1, "lp_token", {"protocol": "uniswap-v2", "underlying": ["ETH", "USDC"]}),
    WEIGHTED: ("80BAL-20ETH", 1, "lp_token",
               {"protocol": "balancer-v2", "underlying": ["BAL", "ETH"], "weights": [0.8, 0.2]}),
    STABLE: ("DAI-USDC", 1, "lp_token", {"protocol": "curve", "underlying": ["DAI", "USDC"], "pool": "stable",
                                        "amplification": AMPLIFICATION}),
    UNKNOWN: ("ETH-DAI", 1, "lp_token", {"protocol": "curve", "underlying": ["ETH", "DAI"]}),
}  # fmt: skip
_FREE = {ETH: (2_400.0, 0.03), BAL: (3.1, 0.05), MATIC: (0.52, 0.04), POL: (0.52, 0.04)}
_PEGGED = (USDC, USDC_E, USDC_PO, USDC_OP, DAI)
_POOL_KINDS = {HALVES: "a pool of halves", WEIGHTED: "an 80/20 pool", STABLE: "a stable pool",
               UNKNOWN: "a pool of unknown kind"}  # fmt: skip
_NATIVE = {1: ETH, 10: ETH, 137: POL}

# Lives that share a market.
HISTORIES_A_WORLD = 8


def name_id(seed: int, name: str) -> str:
    """The id of something in a history."""
    return str(UUID(int=Random(f"{seed}/{name}").getrandbits(128)))  # noqa: S311 - a story, not a secret


class World:
    """The market that some histories share: assets, and their prices twice a day.

    Attributes:
        calendar: Its days; prices begin a day earlier.
        prices: By asset and day, at noon and at night, whether they were stored or not.
        assets: Rows of `assets`.
        quotes: Rows of `market_data`.
        kinds: What is special about it, by name.
    """

    def __init__(self, number: int) -> None:
        """Draw the market of that number."""
        self.number, self.chance = number, Random(f"world {number}")  # noqa: S311 - a story, not a secret
        first = date(2024, 1, 1) + DAY * self.chance.randrange(420)
        length = self.chance.choice((1, 3, 8, 15, 22, 30, 40, 60))
        self.calendar = [first + DAY * place for place in range(length)]
        self.prices: dict[tuple[str, date], list[Decimal]] = {}
        self.quotes: list[Row] = []
        self.kinds: set[str] = set()
        self._market()
        self.assets = self._assets()

    def _market(self) -> None:
        levels = {name: start * math.exp(self.chance.gauss(0, 0.3)) for name, (start, _) in _FREE.items()}
        levels[POL] = levels[MATIC]
        fees = dict.fromkeys(POOLS, 1.0)
        gaps = self._gaps()
        for day in (self.calendar[0] - DAY, *self.calendar):
            for hour in (NOON, NIGHT):
                for name, (_, risk) in _FREE.items():
                    levels[name] *= math.exp(self.chance.gauss(0, risk / 1.4))
                now = {**levels, **{name: 1 + self.chance.gauss(0, 0.0008) for name in _PEGGED}}
                fees = {name: fee * (1 + self.chance.random() * 2e-4) for name, fee in fees.items()}
                now[STETH], now[AUSDC] = now[ETH] * (1 + self.chance.gauss(0, 0.0005)), now[USDC]
                now[HALVES] = 2 * math.sqrt(now[ETH] * now[USDC]) * fees[HALVES]
                now[WEIGHTED] = now[BAL] ** 0.8 * now[ETH] ** 0.2 * fees[WEIGHTED]
                now[STABLE] = stable_worth(AMPLIFICATION, now[DAI], now[USDC]) * fees[STABLE]
                now[UNKNOWN] = now[ETH] ** 0.4 * now[DAI] ** 0.6 * fees[UNKNOWN]
                for name, level in now.items():
                    price = Decimal(f"{level:.8f}")
                    self.prices.setdefault((name, day), []).append(price)
                    if name not in gaps or not gaps[name][0] <= day <= gaps[name][1]:
                        self.quotes.append(self._quote(name, datetime.combine(day, hour, UTC), price))

    def _gaps(self) -> dict[str, tuple[date, date]]:
        """Assets without a price for some days."""
        if self.chance.random() > 0.25:
            return {}
        self.kinds.add("missing prices")
        name = self.chance.choice((ETH, BAL, STETH, HALVES, POL))
        start = self.chance.choice(self.calendar)
        return {name: (start, start + DAY * self.chance.randrange(1, 6))}

    def _quote(self, name: str, at: datetime, price: Decimal) -> Row:
        return {"timestamp": at, "asset_id": name_id(self.number, name), "chain_id": _ASSETS[name][1] or 0,
                "price": price, "volume_24h": Decimal(1_000_000), "market_cap": Decimal(0),
                "price_change_24h": Decimal(0), "source": "lived"}  # fmt: skip

    def _assets(self) -> list[Row]:
        # Where the registry does not state it, what is on record as yield is not inferred once more.
        stated = self.chance.random() < 0.5
        since = datetime.combine(self.calendar[0], time(), UTC)
        rows = []
        for place, (name, (symbol, chain, kind, about)) in enumerate(_ASSETS.items()):
            metadata = {key: value for key, value in about.items() if stated or key != "rebasing"}
            rows.append({
                "id": name_id(self.number, name), "symbol": symbol, "name": symbol, "asset_type": kind,
                "contract_address": None if chain is None else f"0x{place + 1:040x}", "chain_id": chain, "decimals": 18,
                "coingecko_id": None, "is_active": True, "metadata": json.dumps(metadata), "created_at": since,
                "updated_at": since,
            })  # fmt: skip
        return rows


@dataclass
class History:
    """One portfolio, as rows, and the market it is in.

    Attributes:
        seed: All of it comes from this number.
        portfolio: Its id.
        world: Its market.
        rows: Rows of the tables that are its own.
        kinds: What happened in it, by name.
        truth: What it held at the last moment, by asset and position.
    """

    seed: int
    portfolio: str
    world: World
    rows: dict[str, list[Row]] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    truth: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Every asset, by its name here."""
        return tuple(_ASSETS)

    def id_of(self, name: str) -> str:
        """The id of an asset by its name here."""
        return name_id(self.world.number, name)


class _Maker:
    """Makes one history, day by day."""

    def __init__(self, seed: int, world: World) -> None:
        self.chance = Random(f"life {seed}")  # noqa: S311 - a story, not a secret
        self.world, self.prices = world, world.prices
        self.calendar = world.calendar[self.chance.choice((0, 0, 0, len(world.calendar) // 3)) :]
        self.history = History(seed, name_id(seed, "portfolio"), world, kinds=set(world.kinds))
        self.held: dict[tuple[str, str], Decimal] = {}
        self.transactions: list[Row] = []
        self.snapshots: list[Row] = []
        self.pace = self.chance.choice((0.3, 1.0, 2.5))
        self.rebasing = self.chance.random() < 0.2

    def made(self) -> History:
        """The history, from the first day to the last."""
        self._deposit(self._at(self.calendar[0], hours=(0, 20)))
        for day in self.calendar:
            self._live(day)
            self._close(day)
        rows = self.history.rows
        rows["transactions"], rows["portfolio_snapshots"] = self.transactions, self.snapshots
        rows["portfolios"], rows["portfolio_positions"] = [self._portfolio()], self._positions()
        self.history.truth = {place: quantity for place, quantity in self.held.items() if quantity}
        return self.history

    # Its days

    def _live(self, day: date) -> None:
        events = sum(self.chance.random() < self.pace / 3 for _ in range(3))
        for _ in range(events):
            event: Callable[[datetime], None] = self.chance.choice(self._EVENTS).__get__(self)
            at = self._at(day)
            event(at)
            if self.chance.random() < 0.15:
                self.history.kinds.add("events of one second")
                again: Callable[[datetime], None] = self.chance.choice(self._EVENTS).__get__(self)
                again(at)

    def _at(self, day: date, *, hours: tuple[int, int] = (1, 23)) -> datetime:
        latest = self.transactions[-1]["timestamp"] if self.transactions else datetime.min.replace(tzinfo=UTC)
        drawn = datetime.combine(day, time(self.chance.randrange(*hours), self.chance.randrange(60)), UTC)
        return max(drawn, latest + timedelta(seconds=1)) if latest.date() == day else drawn

    def _close(self, day: date) -> None:
        """Balances that grow by themselves do; then the platform takes the day's snapshot, but for some days."""
        for place in ((STETH, "staked"), (AUSDC, "lending")):
            if self.rebasing and self.held.get(place, Decimal(0)) > 0:
                self.held[place] += (self.held[place] * Decimal("0.0001")).quantize(Decimal("1e-8"))
                self.history.kinds.add("balances that grow without a transaction")
        if self.chance.random() < 0.08:
            self.history.kinds.add("missing snapshots")
            return
        at = datetime.combine(day, NIGHT, UTC)
        value = sum((quantity * self.prices[name, day][1] for (name, _), quantity in self.held.items()), Decimal(0))
        if self.chance.random() < 0.004:
            self.history.kinds.add("a snapshot off by a tenth")
            value *= Decimal("1.1")
        self.snapshots.append(
            {"timestamp": at, "portfolio_id": self.history.portfolio, "total_value": money(value),
             "total_return": Decimal(0), "daily_return": Decimal(0), "sharpe_ratio": Decimal(0),
             "max_drawdown": Decimal(0), "volatility": Decimal(0), "asset_allocation": []}
        )  # fmt: skip

    # Its deeds

    def _do(
        self,
        kind: str,
        at: datetime,
        *,
        give: tuple[str, str, Decimal] | None = None,
        get: tuple[str, str, Decimal] | None = None,
        protocol: str | None = None,
        chain: int = 1,
        status: str = "confirmed",
        gas: bool = True,
        flow: str | None = None,
        relayed: bool = False,
    ) -> None:
        """Write a transaction down, and let it happen if it was confirmed."""
        about: dict[str, object] = {}
        for side, leg in (("from", give), ("to", get)):
            if leg is not None:
                about[f"{side}_position"] = leg[1]
        if flow is not None:
            about["flow"] = flow
        if relayed:
            about["gas_paid_by"] = "relayer"
        used = price = None
        if gas and status in {"confirmed", "failed"}:
            received = give is None and kind == "deposit"
            used, price = self._pay(at, chain, about, others=relayed or received)
        number = len(self.transactions)
        self.transactions.append(
            {"id": str(UUID(int=number)), "portfolio_id": self.history.portfolio, "strategy_id": None,
             "transaction_hash": f"0x{number:064x}", "chain_id": chain, "block_number": 1_000 + number,
             "transaction_type": kind, "from_asset_id": give and self.history.id_of(give[0]),
             "to_asset_id": get and self.history.id_of(get[0]), "from_amount": give and give[2],
             "to_amount": get and get[2], "gas_used": used, "gas_price": price, "protocol_name": protocol,
             "status": status, "timestamp": at, "metadata": json.dumps(about)}
        )  # fmt: skip
        if status == "confirmed":
            if give is not None:
                self._move(give[0], give[1], -give[2])
            if get is not None:
                self._move(get[0], get[1], get[2])

    def _pay(self, at: datetime, chain: int, about: dict[str, object], *, others: bool) -> tuple[Decimal, Decimal]:
        """Draw a transaction's gas, and take it out of the wallet unless someone else paid."""
        used = Decimal(self.chance.randrange(21_000, 400_000))
        price = Decimal(self.chance.randrange(1, 40_000)) / 10**12
        fee = used * price
        if chain == 10:
            self.history.kinds.add("a rollup's data fee")
            data = Decimal(self.chance.randrange(10**12, 10**15)) / 10**18
            about["l1_fee"] = format(data, "f")
            fee += data
        if others:
            self.history.kinds.add("gas that somebody else paid")
            return used, price
        native = MATIC if chain == 137 and at.date() < RENAMED else _NATIVE[chain]
        self._move(native, "spot", -fee)
        self.history.kinds.add(f"gas on chain {chain}")
        return used, price

    def _move(self, name: str, position: str, change: Decimal) -> None:
        self.held[name, position] = self.held.get((name, position), Decimal(0)) + change

    def _has(self, name: str, position: str = "spot") -> Decimal:
        return self.held.get((name, position), Decimal(0))

    def _price(self, name: str, at: datetime) -> Decimal:
        return self.prices[name, at.date()][0]

    def _some(self, low: float = 0.05, high: float = 0.95) -> Decimal:
        return Decimal(f"{self.chance.uniform(low, high):.4f}")

    def _part(self, name: str, position: str = "spot") -> Decimal:
        """Some, or now and then all, of what is held, in eight decimals."""
        whole = self._has(name, position)
        if whole <= 0:
            return Decimal(0)
        return whole if self.chance.random() < 0.1 else (whole * self._some()).quantize(Decimal("1e-8"))

    def _deposit(self, at: datetime) -> None:
        name = self.chance.choice((ETH, USDC, USDC, DAI, BAL, USDC_OP, USDC_E, USDC_PO))
        amount = (Decimal(self.chance.randrange(500, 90_000)) / self._price(name, at)).quantize(Decimal("1e-8"))
        self._do("deposit", at, get=(name, "spot", amount), gas=self.chance.random() < 0.2)
        # Gas has to come from somewhere.
        for native in (ETH, MATIC if at.date() < RENAMED else POL):
            if self._has(native) < 1:
                self._do("deposit", at, get=(native, "spot", Decimal("2.5")), gas=False)
        if self.chance.random() < 0.2:
            self._do("deposit", at, get=(MATIC, "spot", Decimal(40)), gas=False)

    def _withdraw(self, at: datetime) -> None:
        name = self.chance.choice((USDC, ETH, DAI))
        if amount := self._part(name):
            self._do("withdraw", at, give=(name, "spot", amount), gas=name != ETH)
            self.history.kinds.add("withdrawals")

    def _in_and_out(self, at: datetime) -> None:
        """Money that comes and leaves within a day."""
        amount = Decimal(self.chance.randrange(1_000, 200_000))
        later = at + timedelta(minutes=self.chance.randrange(1, 50))
        if later.date() == at.date():
            self._do("deposit", at, get=(USDC, "spot", amount), gas=False)
            self._do("withdraw", later, give=(USDC, "spot", amount), gas=False)
            self.history.kinds.add("in and out in a day")

    def _empty(self, at: datetime) -> None:
        """Everything in the wallet is taken out."""
        if self.chance.random() < 0.25:
            for name in (ETH, USDC, DAI, BAL, USDC_OP, USDC_E, USDC_PO, MATIC, POL):
                if (whole := self._has(name)) > 0:
                    self._do("withdraw", at, give=(name, "spot", whole), gas=False)
            self.history.kinds.add("wallets emptied")

    def _gift(self, at: datetime) -> None:
        """A claim from outside: metadata say that it crossed the edge."""
        self._do("claim", at, get=(BAL, "spot", Decimal(self.chance.randrange(1, 500))), flow="external", gas=False)
        self.history.kinds.add("flows by metadata")

    def _swap(self, at: datetime) -> None:
        give, get = self.chance.sample((ETH, USDC, DAI, BAL), 2)
        status = self.chance.choice(("confirmed",) * 7 + ("failed", "pending", "replaced"))
        if amount := self._part(give):
            back = (amount * self._price(give, at) / self._price(get, at) * self._some(0.98, 1.0)).quantize(
                Decimal("1e-8")
            )
            self._do("swap", at, give=(give, "spot", amount), get=(get, "spot", back), protocol="uniswap-v3",
                     status=status, relayed=self.chance.random() < 0.05)  # fmt: skip
            self.history.kinds.add(f"{status} swaps")

    def _swap_elsewhere(self, at: datetime) -> None:
        chain, coin = self.chance.choice(((10, USDC_OP), (137, USDC_E), (137, USDC_PO)))
        native = ETH if chain == 10 else MATIC if at.date() < RENAMED else POL
        if amount := self._part(coin):
            back = (amount / self._price(native, at) * self._some(0.98, 1.0)).quantize(Decimal("1e-8"))
            self._do("swap", at, give=(coin, "spot", amount), get=(native, "spot", back), protocol="curve",
                     chain=chain)  # fmt: skip
            self.history.kinds.add("a second chain")

    def _bridge(self, at: datetime) -> None:
        if amount := self._part(USDC):
            self._do("bridge", at, give=(USDC, "spot", amount),
                     get=(USDC_OP, "spot", (amount * Decimal("0.999")).quantize(Decimal("1e-8"))),
                     protocol="across")  # fmt: skip
            self.history.kinds.add("bridged between chains")

    def _rename(self, at: datetime) -> None:
        if at.date() >= RENAMED and (old := self._has(MATIC)) > 0:
            self._do("swap", at, give=(MATIC, "spot", old), get=(POL, "spot", old), protocol="polygon-migration")
            self.history.kinds.add("a coin renamed")

    def _stake(self, at: datetime) -> None:
        if amount := self._part(ETH):
            self._do("stake", at, give=(ETH, "spot", amount), get=(STETH, "staked", amount), protocol="lido")
            self.history.kinds.add("staked")

    def _unstake(self, at: datetime) -> None:
        if amount := self._part(STETH, "staked"):
            self._do("unstake", at, give=(STETH, "staked", amount), get=(ETH, "spot", amount), protocol="lido")
            self.history.kinds.add("unstaked")

    def _supply(self, at: datetime) -> None:
        if amount := self._part(USDC):
            self._do("deposit", at, give=(USDC, "spot", amount), get=(AUSDC, "lending", amount), protocol="aave-v3")
            self.history.kinds.add("supplied")

    def _redeem(self, at: datetime) -> None:
        if amount := self._part(AUSDC, "lending"):
            self._do("withdraw", at, give=(AUSDC, "lending", amount), get=(USDC, "spot", amount), protocol="aave-v3")
            self.history.kinds.add("redeemed")

    def _borrow(self, at: datetime) -> None:
        if self._has(AUSDC, "lending") > 0 or self._has(STETH, "staked") > 0:
            name = self.chance.choice((USDC, ETH))
            amount = (Decimal(self.chance.randrange(50, 900)) / self._price(name, at)).quantize(Decimal("1e-8"))
            self._do("withdraw", at, give=(name, DEBT, amount), get=(name, "spot", amount), protocol="aave-v3")
            self.history.kinds.add("borrowed")

    def _repay(self, at: datetime) -> None:
        name = self.chance.choice((USDC, ETH))
        owed = -self._has(name, DEBT)
        if owed > 0 and self._has(name) > owed:
            self._do("deposit", at, give=(name, "spot", owed), get=(name, DEBT, owed), protocol="aave-v3")
            self.history.kinds.add("repaid")

    def _interest(self, at: datetime) -> None:
        """What is credited where it is earned, and added to what is owed."""
        for name, position, protocol in ((AUSDC, "lending", "aave-v3"), (STETH, "staked", "lido")):
            if (whole := self._has(name, position)) > 0:
                grown = (whole * Decimal("0.0002")).quantize(Decimal("1e-8"))
                self._do("claim", at, get=(name, position, grown), protocol=protocol, gas=False)
                self.history.kinds.add("interest credited")
        if (owed := -self._has(USDC, DEBT)) > 0:
            grown = (owed * Decimal("0.0003")).quantize(Decimal("1e-8"))
            self._do("claim", at, give=(USDC, DEBT, grown), protocol="aave-v3", gas=False)
            self.history.kinds.add("interest owed")

    def _harvest(self, at: datetime) -> None:
        self._do("claim", at, get=(BAL, "spot", Decimal(self.chance.randrange(1, 90)) / 10), protocol="balancer-v2")
        self.history.kinds.add("rewards claimed")

    def _join(self, at: datetime) -> None:
        pool = self.chance.choice(list(POOLS))
        coin, protocol = POOLS[pool]
        if amount := self._part(coin):
            shares = (amount * self._price(coin, at) / self._price(pool, at)).quantize(Decimal("1e-8"))
            self._do("deposit", at, give=(coin, "spot", amount), get=(pool, "lp_token", shares), protocol=protocol)
            self.history.kinds.add(f"joined {_POOL_KINDS[pool]}")

    def _leave(self, at: datetime) -> None:
        pool = self.chance.choice(list(POOLS))
        coin, protocol = POOLS[pool]
        if shares := self._part(pool, "lp_token"):
            amount = (shares * self._price(pool, at) / self._price(coin, at)).quantize(Decimal("1e-8"))
            self._do("withdraw", at, give=(pool, "lp_token", shares), get=(coin, "spot", amount), protocol=protocol)
            self.history.kinds.add(f"left {_POOL_KINDS[pool]}")

    _EVENTS = (
        _deposit, _withdraw, _in_and_out, _empty, _gift, _swap, _swap, _swap, _swap, _swap_elsewhere, _bridge, _rename,
        _stake, _unstake, _supply, _supply, _redeem, _borrow, _repay, _interest, _interest, _harvest, _join, _join,
        _leave,
    )  # fmt: skip

    # What the platform says of it

    def _portfolio(self) -> Row:
        since = datetime.combine(self.calendar[0], time(), UTC)
        return {"id": self.history.portfolio, "user_id": name_id(self.history.seed, "user"),
                "name": f"Life {self.history.seed}",
                "description": None, "risk_profile": "moderate", "target_allocation": "{}",
                "rebalancing_strategy": "monthly", "max_drawdown": Decimal("0.2000"),
                "target_return": Decimal("0.1500"), "is_active": True, "created_at": since,
                "updated_at": since}  # fmt: skip

    def _positions(self) -> list[Row]:
        day = self.calendar[-1]
        at = datetime.combine(day, NIGHT, UTC)
        rows = []
        for place, ((name, position), quantity) in enumerate(sorted(self.held.items())):
            if quantity:
                value = money(quantity * self.prices[name, day][1])
                rows.append(
                    {"id": str(UUID(int=1_000 + place)), "portfolio_id": self.history.portfolio,
                     "asset_id": self.history.id_of(name), "quantity": abs(quantity),
                     "average_cost": self.prices[name, self.calendar[0]][1], "current_value": value,
                     "allocation_percentage": Decimal(0), "position_type": position,
                     "protocol_address": None if position == "spot" else f"0x{place + 99:040x}",
                     "chain_id": _ASSETS[name][1] or 1, "last_updated": at}
                )  # fmt: skip
        return rows


@lru_cache(maxsize=2)
def _world(number: int) -> World:
    return World(number)


def random_history(seed: int, world: World | None = None) -> History:
    """The history of a seed: the same at every call, on every machine; in its own world when none is given."""
    return _Maker(seed, world or _world(seed // HISTORIES_A_WORLD)).made()
