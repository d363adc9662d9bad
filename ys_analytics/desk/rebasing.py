"""Growth of rebasing balances: found where snapshots show it, and added to the legs as movements of cause rebase.

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
MAX_GROWTH_RATES = {"staking": Decimal("0.10"), "lending": Decimal("0.25"), "borrowing": Decimal("0.30")}

# Rebasing tokens that staking protocols issue, by symbol.
_STAKED = frozenset({"stETH", "eETH", "OETH"})

_MAX_QUOTE_AGE = timedelta(days=1)
# A bad snapshot may be followed by good ones; after this long the difference is there to stay.
_MAX_GAP_AGE = timedelta(days=7)
_YEAR = timedelta(days=365)
_DIGITS = 60
_CENT, _BASIS_POINT, _DUST = Decimal("0.01"), Decimal("0.0001"), Decimal("1e-9")
_SMALLEST = Decimal("1e-18")

_DEBT = "borrowing"
_Key = tuple[str, str | None]


def max_growth_rate(asset: str, registry: Registry) -> Decimal | None:
    """The fastest that balances of an asset grow by themselves, a year; null where they do not.

    `metadata.rebasing` decides where it is stated; else Aave's aTokens and known staking tokens do.

    Args:
        asset: Its id.
        registry: What is known of assets.
    """
    metadata, symbol = registry.metadata(asset), registry.symbol(asset)
    is_aave_receipt = str(metadata.get("protocol", "")).lower().startswith("aave") and is_receipt(symbol)
    stated = metadata.get("rebasing")
    if stated is False or not (stated is True or is_aave_receipt or symbol in _STAKED):
        return None
    return MAX_GROWTH_RATES["lending" if is_aave_receipt else "staking"]


def might_rebase(asset: str, registry: Registry) -> bool:
    """True for a staked or lent token whose metadata do not state whether it rebases: a residual then names it.

    Args:
        asset: Its id.
        registry: What is known of assets.
    """
    metadata = registry.metadata(asset)
    is_receipt_token = registry.kind(asset) in {"staked_token", "yield_token"} or metadata.get("protocol") is not None
    # Wrapped forms of staked ether hold their balance; what rebases by its name is found.
    may_rebase = is_receipt_token and not registry.is_pool_share(asset) and registry.symbol(asset) not in KNOWN_TOKENS
    return may_rebase and metadata.get("rebasing") is None and max_growth_rate(asset, registry) is None


def _growth_rates(legs: pl.DataFrame, registry: Registry) -> dict[_Key, Decimal]:
    """The fastest growth of each holding that grows by itself, and of each debt: by asset and position.

    Growth that transactions record as yield is not added again, unless the asset's metadata say so: it would count
    twice.
    """
    # A recorded cut is no recorded growth; on a debt, growth is negative.
    recorded_cut = (pl.col("change") < 0) & pl.col("position").ne_missing(_DEBT)
    claims = legs.filter((pl.col("cause") == "yield") & ~recorded_cut.fill_null(value=False))
    assets_with_yield, recorded_holdings = (
        set(claims["asset_id"]),
        set(claims.select("asset_id", "position").iter_rows()),
    )
    rates = {}
    held = legs.drop_nulls("asset_id").select("asset_id", "position").unique().sort("asset_id", "position")
    for asset, position in held.iter_rows():
        rate = max_growth_rate(asset, registry)
        if position == _DEBT:
            if (asset, position) not in recorded_holdings:
                rates[asset, position] = MAX_GROWTH_RATES["borrowing"]
        elif rate is not None and (asset not in assets_with_yield or registry.metadata(asset).get("rebasing") is True):
            rates[asset, position] = rate
    return rates


@dataclass(slots=True)
class _RebasingHoldings:
    """Running holdings, and the largest holding or debt of each rebasing asset since the last close."""

    rates: Mapping[_Key, Decimal]
    held: dict[_Key, Decimal] = field(default_factory=dict)
    peak: dict[_Key, Decimal] = field(default_factory=dict)

    def move(self, key: _Key, change: Decimal) -> None:
        """Count a movement."""
        now = self.held.get(key, Decimal(0)) + change
        self.held[key] = now
        if key in self.rates:
            self.peak[key] = max(self.peak.get(key, Decimal(0)), self._size(key))

    def reset_peaks(self) -> None:
        """Start the next period: the peak of each holding is what is held now."""
        self.peak = {key: size for key in self.peak if (size := self._size(key)) > 0}

    def _size(self, key: _Key) -> Decimal:
        """How much is held, or owed where it is a debt."""
        return -self.held[key] if key[1] == _DEBT else self.held[key]


def with_growth(
    legs: pl.DataFrame, snapshots: pl.DataFrame, quotes: pl.DataFrame, assets: pl.DataFrame
) -> pl.DataFrame:
    """The movements, and one more for each growth of a rebasing balance that snapshots show.

    An asset rebases if it has a `max_growth_rate` and its growth is not recorded as yield (`metadata.rebasing`
    decides where it is stated). At the last snapshot of each day, what it states beyond the holdings at last quotes is
    growth of the rebasing assets held since the day before, if it is no more than they can grow in the days between and
    one more (a report of a whole day may fall into it); what it states below them is interest on debts that no
    transaction records, in the same way. Only their net is seen. Where the snapshot states an allocation, it says which
    asset grew, and must account for the whole; else they share by value. A snapshot that differs by neither growth nor
    a cent and a basis point is skipped; where that lasts longer than a week the search ends: quantities are not trusted
    any more, and residuals stay residuals.

    Args:
        legs: What `ledger.legs` gave; calling this again on what it gave adds nothing.
        snapshots: `portfolio_snapshots` of one portfolio: timestamp, total_value, and asset_allocation if there is.
        quotes: asset_id, timestamp, price of what moved.
        assets: `assets`.

    Returns:
        The same columns, in the same order, a growth after the movements of its moment; it has cause `rebase` and no
        protocol.
    """
    rates = _growth_rates(legs, Registry(assets))
    if not rates:
        return legs
    prices = _prices(quotes)
    growth_rows: list[dict[str, Any]] = []
    holdings = _RebasingHoldings(rates)
    since: Any = legs["timestamp"].min()
    leg_rows = legs.sort("timestamp").select("timestamp", "asset_id", "position", "change").rows()
    next_leg = 0
    with localcontext(prec=_DIGITS):
        for close_time, total, allocation in _closes(snapshots):
            while next_leg < len(leg_rows) and leg_rows[next_leg][0] <= close_time:
                _, asset, position, change = leg_rows[next_leg]
                if asset is not None and change is not None:
                    holdings.move((asset, position), change)
                next_leg += 1
            values = _values(holdings.held, prices, close_time)
            if values is None:
                continue
            gap = total - sum(values.values())
            growth = _growth(
                holdings, values, gap, close_time - since, {asset: share * total for asset, share in allocation.items()}
            )
            if growth is None and abs(gap) > _CENT + _BASIS_POINT * abs(total):
                if close_time - since > _MAX_GAP_AGE:
                    break
                continue
            for (asset, position), amount in (growth or {}).items():
                change = (amount / prices[asset].at(close_time)).quantize(_SMALLEST)
                holdings.move((asset, position), change)
                growth_rows.append({"timestamp": close_time, "asset_id": asset, "position": position, "change": change})
            holdings.reset_peaks()
            since = close_time
    rows = pl.DataFrame(growth_rows, schema={name: legs.schema[name] for name in ("timestamp", "asset_id", "position")}
                        | {"change": MONEY})  # fmt: skip
    growth_legs = rows.with_columns(
        protocol=pl.lit(None, pl.String), cause=pl.lit("rebase"), paid=pl.lit(None, MONEY)
    ).select(pl.col(name).cast(dtype) for name, dtype in legs.schema.items())
    return pl.concat([legs, growth_legs]).sort("timestamp", maintain_order=True) if growth_rows else legs


def _closes(snapshots: pl.DataFrame) -> list[tuple[datetime, Decimal, dict[str, Decimal]]]:
    """The last snapshot of each day: when, total value, and the share of each asset where it is stated."""
    stated = "asset_allocation" in snapshots.columns
    closes = daily_closes(snapshots.drop_nulls("total_value"), "total_value", by=[])
    return [
        (
            row["timestamp"],
            row["total_value"],
            {entry["key"]: entry["value"] for entry in (row["asset_allocation"] or [])} if stated else {},
        )
        for row in closes.iter_rows(named=True)
    ]


@dataclass(frozen=True, slots=True)
class _Quotes:
    """Quotes of one asset, oldest first."""

    times: list[datetime]
    prices: list[Decimal]

    def at(self, moment: datetime) -> Decimal:
        """The last price up to a moment, of a day before at the earliest; 0 where there is none."""
        place = bisect_right(self.times, moment) - 1
        return self.prices[place] if place >= 0 and moment - self.times[place] <= _MAX_QUOTE_AGE else Decimal(0)


def _prices(quotes: pl.DataFrame) -> dict[str, _Quotes]:
    by_asset = quotes.drop_nulls("price").sort("timestamp").group_by("asset_id", maintain_order=True)
    return {
        str(asset): _Quotes(rows["timestamp"].to_list(), rows["price"].cast(MONEY).to_list())
        for (asset,), rows in by_asset
    }


def _values(held: Mapping[_Key, Decimal], prices: Mapping[str, _Quotes], at: datetime) -> dict[_Key, Decimal] | None:
    """USD of each holding; null where one has no price."""
    values = {}
    for (asset, position), quantity in held.items():
        price = prices[asset].at(at) if asset in prices else Decimal(0)
        if quantity and not price:
            return None
        values[asset, position] = quantity * price
    return values


def _growth(
    holdings: _RebasingHoldings,
    values: Mapping[_Key, Decimal],
    gap: Decimal,
    elapsed: timedelta,
    allocation: Mapping[str, Decimal],
) -> dict[_Key, Decimal] | None:
    """The gap as growth of each rebasing holding, in USD; None where there is none, or too much for growth."""
    if abs(gap) <= _DUST:
        return None
    days = Decimal((elapsed + _MAX_QUOTE_AGE) / _YEAR)
    peak_values, growth_limits = {}, {}
    for key, quantity in holdings.peak.items():
        now = holdings.held[key]
        # A holding that was sold with its growth is negative now.
        if now and quantity > 0 and (key[1] == _DEBT) == (gap < 0):
            peak_values[key] = values[key] / now * quantity
            growth_limits[key] = peak_values[key] * holdings.rates[key] * days
    if abs(gap) > sum(growth_limits.values()):
        return None
    if allocation and not _allocation_explains(values, gap, allocation, growth_limits):
        return None
    sign = Decimal(-1 if gap < 0 else 1)
    weights = _allocation_growth(values, allocation, peak_values, sign=sign) if allocation else peak_values
    return {key: sign * part for key, part in _shared_by_weight(abs(gap), weights, growth_limits).items()}


def _shared_by_weight(
    gap: Decimal, weights: Mapping[_Key, Decimal], growth_limits: Mapping[_Key, Decimal]
) -> dict[_Key, Decimal]:
    """The gap shared by weight, none taking more than it can."""
    shared: dict[_Key, Decimal] = {}
    unmet, remaining = dict(weights), gap
    while unmet and remaining > 0:
        weight_sum = sum(unmet.values())
        parts = {key: remaining * weight / weight_sum for key, weight in unmet.items()} if weight_sum > 0 else {}
        capped = [key for key, part in parts.items() if part > growth_limits[key]]
        if not capped:
            return shared | parts
        for key in capped:
            shared[key] = growth_limits[key]
            remaining -= growth_limits[key]
            del unmet[key]
    # Those that the weights leave out take the rest.
    uncapped = {key: growth_limits[key] for key in growth_limits if key not in shared}
    weight_sum = sum(uncapped.values())
    return shared | {
        key: remaining * part / weight_sum for key, part in uncapped.items() if remaining > 0 and weight_sum > 0
    }


def _by_asset(amounts: Mapping[_Key, Decimal]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for (asset, _), amount in amounts.items():
        sums[asset] = sums.get(asset, Decimal(0)) + amount
    return sums


def _allocation_explains(
    values: Mapping[_Key, Decimal],
    gap: Decimal,
    allocation: Mapping[str, Decimal],
    growth_limits: Mapping[_Key, Decimal],
) -> bool:
    """Whether the allocation shows the whole gap in the rebasing assets, up to a cent and a basis point."""
    known_values = _by_asset(values)
    excess = sum(
        (allocation.get(asset, Decimal(0)) - known_values[asset] for asset in _by_asset(growth_limits)), Decimal(0)
    )
    total = sum(allocation.values(), Decimal(0))
    return abs(excess - gap) <= _CENT + _BASIS_POINT * abs(total)


def _allocation_growth(
    values: Mapping[_Key, Decimal],
    allocation: Mapping[str, Decimal],
    peak_values: Mapping[_Key, Decimal],
    *,
    sign: Decimal,
) -> dict[_Key, Decimal]:
    """What the allocation shows beyond each rebasing holding, an asset's positions sharing by size."""
    known_values, asset_peaks = _by_asset(values), _by_asset(peak_values)
    excess = {
        asset: max(sign * (allocation.get(asset, Decimal(0)) - known_values[asset]), Decimal(0))
        for asset in asset_peaks
    }
    return {key: excess[key[0]] * part / asset_peaks[key[0]] for key, part in peak_values.items()}
