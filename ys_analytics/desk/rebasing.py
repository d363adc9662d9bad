"""Balances that grow without a transaction: found where snapshots show them, and put on record as movements.

Frames in, frames out; opens nothing. Some tokens pay their holders by raising every balance (Lido's stETH, Aave's
aTokens): no transaction exists, so what transactions account for falls behind what the platform values. The
difference is growth of such a token only where one is held, only upwards, and only as far as the token can grow;
beyond that it stays a residual.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from ys_analytics.desk.lookthrough import Registry
from ys_analytics.metrics.closes import daily_closes
from ys_analytics.metrics.lookthrough import KNOWN_TOKENS, is_receipt
from ys_analytics.schemas import MONEY

# The fastest that a balance may grow, as a simple rate a year. Staking: Lido's OracleReportSanityChecker refuses a
# report beyond 10 % (annualBalanceIncreaseBPLimit = 1000). Lending: our choice, for no contract sets one; Aave v3's
# rate strategies ask borrowers of a stablecoin for some 5 % at the use they aim at, and for 65 % (slope 1 + slope 2)
# only while a reserve is used up, which drives borrowers out within hours.
# Borrowers pay a little more than lenders get.
FASTEST = {"staking": Decimal("0.10"), "lending": Decimal("0.25"), "borrowing": Decimal("0.30")}

# Rebasing tokens that staking protocols issue, by symbol.
_STAKED = frozenset({"stETH", "eETH", "OETH"})

_FRESH = timedelta(days=1)
# A bad snapshot may be followed by good ones; after this long the difference is there to stay.
_PATIENCE = timedelta(days=7)
_YEAR = timedelta(days=365)
_DIGITS = 60
_CENT, _BASIS_POINT, _DUST = Decimal("0.01"), Decimal("0.0001"), Decimal("1e-9")
_SMALLEST = Decimal("1e-18")

_DEBT = "borrowing"
_Key = tuple[str, str | None]


def fastest(asset: str, registry: Registry) -> Decimal | None:
    """The fastest that balances of an asset grow by themselves, a year; null where they do not.

    `metadata.rebasing` decides where it is stated; else Aave's aTokens and known staking tokens do.

    Args:
        asset: Its id.
        registry: What is known of assets.
    """
    note, symbol = registry.note(asset), registry.symbol(asset)
    lent = str(note.get("protocol", "")).lower().startswith("aave") and is_receipt(symbol)
    stated = note.get("rebasing")
    if stated is False or not (stated is True or lent or symbol in _STAKED):
        return None
    return FASTEST["lending" if lent else "staking"]


def may_grow(asset: str, registry: Registry) -> bool:
    """Whether nobody said if balances of a staked or lent token grow by themselves: then a residual names it.

    Args:
        asset: Its id.
        registry: What is known of assets.
    """
    note = registry.note(asset)
    receipt = registry.kind(asset) in {"staked_token", "yield_token"} or note.get("protocol") is not None
    # Wrapped forms of staked ether hold their balance; what rebases by its name is found.
    open_ = receipt and not registry.pool_share(asset) and registry.symbol(asset) not in KNOWN_TOKENS
    return open_ and note.get("rebasing") is None and fastest(asset, registry) is None


def _rates(moved: pl.DataFrame, registry: Registry) -> dict[_Key, Decimal]:
    """The fastest growth of each holding that grows by itself, and of each debt: by asset and position.

    What transactions record as yield does not grow beside it, unless the asset's metadata say so: it would be counted
    twice.
    """
    # A cut that somebody recorded is no growth on record; on a debt, growth is negative.
    cut = (pl.col("change") < 0) & pl.col("position").ne_missing(_DEBT)
    claims = moved.filter((pl.col("cause") == "yield") & ~cut.fill_null(value=False))
    assets, places = set(claims["asset_id"]), set(claims.select("asset_id", "position").iter_rows())
    found = {}
    held = moved.drop_nulls("asset_id").select("asset_id", "position").unique().sort("asset_id", "position")
    for asset, position in held.iter_rows():
        rate = fastest(asset, registry)
        if position == _DEBT:
            if (asset, position) not in places:
                found[asset, position] = FASTEST["borrowing"]
        elif rate is not None and (asset not in assets or registry.note(asset).get("rebasing") is True):
            found[asset, position] = rate
    return found


@dataclass(slots=True)
class _Walk:
    """What is held as time goes by, and the most that was held, or owed, of what rebases since the last close."""

    rates: Mapping[_Key, Decimal]
    held: dict[_Key, Decimal] = field(default_factory=dict)
    peak: dict[_Key, Decimal] = field(default_factory=dict)

    def move(self, key: _Key, change: Decimal) -> None:
        """Count a movement."""
        now = self.held.get(key, Decimal(0)) + change
        self.held[key] = now
        if key in self.rates:
            self.peak[key] = max(self.peak.get(key, Decimal(0)), self._size(key))

    def rest(self) -> None:
        """Begin the next stretch with what is held now."""
        self.peak = {key: size for key in self.peak if (size := self._size(key)) > 0}

    def _size(self, key: _Key) -> Decimal:
        """How much is held, or owed where it is a debt."""
        return -self.held[key] if key[1] == _DEBT else self.held[key]


def credited(moved: pl.DataFrame, snapshots: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame) -> pl.DataFrame:
    """The movements, and one more for each growth of a rebasing balance that snapshots show.

    An asset rebases by `fastest`, and if its growth is not on record as yield already (`metadata.rebasing` overrules
    that). At the last snapshot of each day, what it states beyond the holdings at last quotes is growth of the rebasing
    assets held since the day before, if it is no more than they can grow in the days between and one more (a report
    of a whole day may fall into it); what it states below them is interest on debts that no transaction records, in
    the same way. Only their net is seen. Where the snapshot states an allocation, it says which asset grew, and must
    account for the whole; else they share by value. A snapshot that differs by neither growth nor a cent and a basis
    point is passed over; where that lasts for longer than a week the search ends: quantities are not trusted any
    more, and residuals stay residuals.

    Args:
        moved: What `ledger.legs` gave; calling this again on what it gave adds nothing.
        snapshots: `portfolio_snapshots` of one portfolio: timestamp, total_value, and asset_allocation if there is.
        quotes: asset_id, timestamp, price of what moved.
        assets: `assets`.

    Returns:
        The same columns, in the same order, a growth after the movements of its moment; it has cause `rebase` and no
        protocol.
    """
    rates = _rates(moved, Registry(assets))
    if not rates:
        return moved
    prices = _prices(quotes)
    found: list[dict[str, Any]] = []
    walk = _Walk(rates)
    since: Any = moved["timestamp"].min()
    legs = moved.sort("timestamp").select("timestamp", "asset_id", "position", "change").rows()
    place = 0
    with localcontext(prec=_DIGITS):
        for at, total, shares in _closes(snapshots):
            while place < len(legs) and legs[place][0] <= at:
                _, asset, position, change = legs[place]
                if asset is not None and change is not None:
                    walk.move((asset, position), change)
                place += 1
            worth = _worth(walk.held, prices, at)
            if worth is None:
                continue
            gap = total - sum(worth.values())
            grown = _growth(walk, worth, gap, at - since, {asset: share * total for asset, share in shares.items()})
            if grown is None and abs(gap) > _CENT + _BASIS_POINT * abs(total):
                if at - since > _PATIENCE:
                    break
                continue
            for (asset, position), amount in (grown or {}).items():
                change = (amount / prices[asset].at(at)).quantize(_SMALLEST)
                walk.move((asset, position), change)
                found.append({"timestamp": at, "asset_id": asset, "position": position, "change": change})
            walk.rest()
            since = at
    rows = pl.DataFrame(found, schema={name: moved.schema[name] for name in ("timestamp", "asset_id", "position")}
                        | {"change": MONEY})  # fmt: skip
    more = rows.with_columns(protocol=pl.lit(None, pl.String), cause=pl.lit("rebase"), paid=pl.lit(None, MONEY)).select(
        pl.col(name).cast(dtype) for name, dtype in moved.schema.items()
    )
    return pl.concat([moved, more]).sort("timestamp", maintain_order=True) if found else moved


def _closes(snapshots: pl.DataFrame) -> list[tuple[datetime, Decimal, dict[str, Decimal]]]:
    """The last snapshot of each day: when, total value, and the share of each asset where it is stated."""
    stated = "asset_allocation" in snapshots.columns
    last = daily_closes(snapshots.drop_nulls("total_value"), "total_value", by=[])
    return [
        (
            row["timestamp"],
            row["total_value"],
            {one["key"]: one["value"] for one in (row["asset_allocation"] or [])} if stated else {},
        )
        for row in last.iter_rows(named=True)
    ]


@dataclass(frozen=True, slots=True)
class _Quotes:
    """Quotes of one asset, oldest first."""

    times: list[datetime]
    prices: list[Decimal]

    def at(self, moment: datetime) -> Decimal:
        """The last price up to a moment, of a day before at the earliest; 0 where there is none."""
        place = bisect_right(self.times, moment) - 1
        return self.prices[place] if place >= 0 and moment - self.times[place] <= _FRESH else Decimal(0)


def _prices(quotes: pl.DataFrame) -> dict[str, _Quotes]:
    known = quotes.drop_nulls("price").sort("timestamp").group_by("asset_id", maintain_order=True)
    return {
        str(asset): _Quotes(rows["timestamp"].to_list(), rows["price"].cast(MONEY).to_list())
        for (asset,), rows in known
    }


def _worth(held: Mapping[_Key, Decimal], prices: Mapping[str, _Quotes], at: datetime) -> dict[_Key, Decimal] | None:
    """USD of each holding; null where one has no price."""
    worth = {}
    for (asset, position), quantity in held.items():
        price = prices[asset].at(at) if asset in prices else Decimal(0)
        if quantity and not price:
            return None
        worth[asset, position] = quantity * price
    return worth


def _growth(
    walk: _Walk, worth: Mapping[_Key, Decimal], gap: Decimal, passed: timedelta, stated: Mapping[str, Decimal]
) -> dict[_Key, Decimal] | None:
    """The gap as growth of each rebasing holding, in USD; null where it is none or too much."""
    if abs(gap) <= _DUST:
        return None
    days = Decimal((passed + _FRESH) / _YEAR)
    size, most = {}, {}
    for key, quantity in walk.peak.items():
        now = walk.held[key]
        # A holding that was given away with its growth is below nothing now.
        if now and quantity > 0 and (key[1] == _DEBT) == (gap < 0):
            size[key] = worth[key] / now * quantity
            most[key] = size[key] * walk.rates[key] * days
    if abs(gap) > sum(most.values()):
        return None
    if stated and not _accounted(worth, gap, stated, most):
        return None
    sign = Decimal(-1 if gap < 0 else 1)
    weights = _stated_growth(worth, stated, size, sign=sign) if stated else size
    return {key: sign * part for key, part in _shared(abs(gap), weights, most).items()}


def _shared(gap: Decimal, weights: Mapping[_Key, Decimal], most: Mapping[_Key, Decimal]) -> dict[_Key, Decimal]:
    """The gap shared by weight, none taking more than it can."""
    found: dict[_Key, Decimal] = {}
    open_, left = dict(weights), gap
    while open_ and left > 0:
        whole = sum(open_.values())
        parts = {key: left * weight / whole for key, weight in open_.items()} if whole > 0 else {}
        full = [key for key, part in parts.items() if part > most[key]]
        if not full:
            return found | parts
        for key in full:
            found[key] = most[key]
            left -= most[key]
            del open_[key]
    # Those that the weights leave out take the rest.
    rest = {key: most[key] for key in most if key not in found}
    whole = sum(rest.values())
    return found | {key: left * part / whole for key, part in rest.items() if left > 0 and whole > 0}


def _by_asset(amounts: Mapping[_Key, Decimal]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for (asset, _), amount in amounts.items():
        found[asset] = found.get(asset, Decimal(0)) + amount
    return found


def _accounted(
    worth: Mapping[_Key, Decimal], gap: Decimal, stated: Mapping[str, Decimal], most: Mapping[_Key, Decimal]
) -> bool:
    """Whether the allocation shows the whole gap in the rebasing assets, up to a cent and a basis point."""
    known = _by_asset(worth)
    shown = sum((stated.get(asset, Decimal(0)) - known[asset] for asset in _by_asset(most)), Decimal(0))
    whole = sum(stated.values(), Decimal(0))
    return abs(shown - gap) <= _CENT + _BASIS_POINT * abs(whole)


def _stated_growth(
    worth: Mapping[_Key, Decimal], stated: Mapping[str, Decimal], size: Mapping[_Key, Decimal], *, sign: Decimal
) -> dict[_Key, Decimal]:
    """What the allocation shows beyond each rebasing holding, an asset's positions sharing by size."""
    known, whole = _by_asset(worth), _by_asset(size)
    shown = {asset: max(sign * (stated.get(asset, Decimal(0)) - known[asset]), Decimal(0)) for asset in whole}
    return {key: shown[key[0]] * part / whole[key[0]] for key, part in size.items()}
