"""The portfolios whose numbers depend on a key.

A portfolio rests on an asset that it holds, or ever gave or received; on what such an asset stands for
(`metadata.underlying`); and on the coin in which it paid gas. It rests on a chain it has a position or a
transaction on, on a pool one of its positions sits in, and on a protocol it dealt with. Does not check.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

import polars as pl

from ys_analytics.metrics.chains import native_assets
from ys_analytics.metrics.lookthrough import KNOWN_TOKENS
from ys_analytics.quality.attribution import affects_all, table_of
from ys_analytics.schemas import STORES, TABLES, Finding
from ys_analytics.schemas.outcomes import moves, pays_gas

# The tables that say which portfolio depends on which key.
NEEDED_TABLES = ("portfolios", "portfolio_positions", "transactions", "assets")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Dependents:
    """Which portfolio depends on which key, in one snapshot of the stores.

    Attributes:
        scan: Gives a table, of which only some columns will be read.
        available: The tables that can be had.
    """

    scan: Callable[[str], pl.LazyFrame]
    available: frozenset[str]

    @classmethod
    def of(cls, files: Mapping[str, Path]) -> Self:
        """Of some Parquet files, by table."""
        return cls(lambda name: pl.scan_parquet(files[name]), frozenset(files))

    def resolve(self, finding: Finding) -> Finding:
        """A finding with the portfolios whose numbers rest on its rows.

        A key of no portfolio makes the finding affect all, except the id of a deleted portfolio whose history or cache
        was left behind: such a row affects none.
        """
        if finding.affects is None or finding.outcome == "passed":
            return finding
        absent = [name for name in NEEDED_TABLES if name not in self.available]
        if absent and set(finding.affects) - {"portfolio"}:
            return affects_all(finding, f"{absent[0]} is not here, so it is not known who rests on it")
        ids: set[str] = set()
        for kind, keys in finding.affects.items():
            if kind == "portfolio":
                unknown = self._unknown_portfolio(finding, keys)
                if unknown:
                    return affects_all(finding, f"it names {unknown!r}, which is no portfolio")
                ids |= set(keys)
            elif kind == "asset" and (malformed := next((key for key in keys if not _UUID.fullmatch(key)), None)):
                return affects_all(finding, f"it names {malformed!r}, which is no asset")
            else:
                ids |= self._portfolios_of(kind, keys)
        return replace(finding, portfolios=sorted(ids))

    def _unknown_portfolio(self, finding: Finding, keys: Iterable[str]) -> str:
        """A portfolio id that cannot be believed; empty when there is none."""
        store = TABLES[table_of(finding.suite, finding.column.split(", "))].store
        if "portfolios" not in self.available:
            return ""
        unknown = sorted(set(keys) - self._portfolios)
        return next((key for key in unknown if STORES[store].typed_ids or not _UUID.fullmatch(key)), "")

    def _portfolios_of(self, kind: str, keys: Iterable[str]) -> set[str]:
        pairs = {
            "user": self._by_user,
            "asset": self._by_asset,
            "symbol": self._by_symbol,
            "chain": self._by_chain,
            "pool": self._by_pool,
            "protocol": self._by_protocol,
        }[kind]
        matching = pairs.filter(pl.col("key").is_in([key.lower() for key in keys]))
        return set(matching["portfolio_id"].to_list()) & self._portfolios

    def _read(self, table: str, *columns: str, **named: str | pl.Expr) -> pl.DataFrame:
        """Some columns of a table, each row once."""
        return self.scan(table).select(*columns, **named).unique().collect()

    @cached_property
    def _portfolios(self) -> set[str]:
        return set(self._read("portfolios", "id")["id"].drop_nulls())

    @cached_property
    def _by_user(self) -> pl.DataFrame:
        return _edges(self._read("portfolios", portfolio_id="id", key="user_id"))

    @cached_property
    def _moving_transactions(self) -> pl.DataFrame:
        """Each portfolio's transactions that moved something or cost gas, without their amounts."""
        columns = ("portfolio_id", "from_asset_id", "to_asset_id", "chain_id", "protocol_name", "status")
        return self.scan("transactions").select(columns).filter(pays_gas()).unique(maintain_order=False).collect()

    @cached_property
    def _by_asset(self) -> pl.DataFrame:
        """Portfolio and asset it rests on: touched by itself, stood for by what it touched, or paid as gas."""
        moved = self._moving_transactions.filter(moves())
        pairs_by_source = [
            self._read("portfolio_positions", "portfolio_id", key="asset_id"),
            *(moved.select("portfolio_id", key=side) for side in ("from_asset_id", "to_asset_id")),
        ]
        chains = self._moving_transactions.select("portfolio_id", pl.col("chain_id").cast(pl.Int32)).unique()
        gas = chains.join(native_assets(self.scan("assets").collect()), on="chain_id").select(
            "portfolio_id", key="asset_id"
        )
        edges = _edges(pl.concat([*(_edges(pairs) for pairs in pairs_by_source), _edges(gas)]))
        while True:  # a receipt may stand for a receipt
            deeper = edges.join(self._underlying, on="key").select("portfolio_id", key="under")
            larger = pl.concat([edges, deeper]).unique()
            if larger.height == edges.height:
                return edges
            edges = larger

    @cached_property
    def _underlying(self) -> pl.DataFrame:
        """Asset and each asset it stands for: `key`, `under`.

        Named by id or symbol in its metadata, as its peg, or by the registry of well-known receipts; a symbol on
        several chains is all of them.
        """
        assets = self._read("assets", "id", "symbol", "metadata").drop_nulls("id")
        metadata, names = pl.col("metadata").str, r"[^\s\[\]\",]+"
        registered = pl.col("symbol").replace_strict(KNOWN_TOKENS, default=None, return_dtype=pl.String)
        names_by_asset = assets.select(
            key=pl.col("id").str.to_lowercase(),
            name=pl.coalesce(
                metadata.json_path_match("$.underlying").str.extract_all(names),
                metadata.json_path_match("$.peg").str.extract_all(names),
                pl.concat_list(registered),
            ),
        )
        asset_and_name = names_by_asset.explode("name").drop_nulls().with_columns(pl.col("name").str.to_lowercase())
        unwrapped = {token.lower(): coin.lower() for token, coin in KNOWN_TOKENS.items()}
        ids_by_name = pl.concat(
            assets.select(name=pl.col(by).str.to_lowercase(), under="id") for by in ("id", "symbol")
        )
        # A token that is not registered is the coin that it wraps, as in the desk's look-through.
        unregistered = asset_and_name.join(ids_by_name, on="name", how="anti").with_columns(
            pl.col("name").replace(unwrapped)
        )
        under = pl.col("under").str.to_lowercase()
        return (
            pl.concat([asset_and_name, unregistered])
            .join(ids_by_name.with_columns(under), on="name")
            .select("key", "under")
            .unique()
        )

    @cached_property
    def _by_symbol(self) -> pl.DataFrame:
        assets = self._read("assets", asset=pl.col("id").str.to_lowercase(), key="symbol")
        return _edges(self._by_asset.rename({"key": "asset"}).join(assets, on="asset").select("portfolio_id", "key"))

    @cached_property
    def _by_chain(self) -> pl.DataFrame:
        positions = self._read("portfolio_positions", "portfolio_id", key="chain_id")
        return _edges(
            pl.concat([_edges(positions), _edges(self._moving_transactions.select("portfolio_id", key="chain_id"))])
        )

    @cached_property
    def _by_pool(self) -> pl.DataFrame:
        """Portfolio and pool: one of its positions sits in it, or in a place of its protocol that quotes no yield."""
        positions = self._read("portfolio_positions", "portfolio_id", "chain_id", place="protocol_address")
        edges = [_edges(positions.select("portfolio_id", key="place"))]
        if {"yield_metrics", "dex_trades"} <= self.available:
            quoted = self._read("yield_metrics", "pool_address", "protocol_name", "chain_id")
            pairs = self._read("dex_trades", place="pair_address", protocol_name="dex_name")
            without_yield = positions.join(quoted, left_on="place", right_on="pool_address", how="anti").join(
                pairs, on="place"
            )
            pools_of_protocol = without_yield.with_columns(pl.col("chain_id").cast(quoted.schema["chain_id"])).join(
                quoted, on=["protocol_name", "chain_id"]
            )
            edges.append(_edges(pools_of_protocol.select("portfolio_id", key="pool_address")))
        return pl.concat(edges).unique()

    @cached_property
    def _by_protocol(self) -> pl.DataFrame:
        return _edges(self._moving_transactions.select("portfolio_id", key="protocol_name"))


def _edges(pairs: pl.DataFrame) -> pl.DataFrame:
    """Distinct pairs of portfolio and key, the key as lower-case text."""
    return pairs.select("portfolio_id", pl.col("key").cast(pl.String).str.to_lowercase()).drop_nulls().unique()
