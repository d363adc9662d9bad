"""In which asset each chain's gas is paid, and when.

Depends on the registry of assets and on `schemas.coins`. Does not price anything.
"""

from collections.abc import Iterable
from datetime import date

import polars as pl

from ys_analytics.schemas import TIME
from ys_analytics.schemas.coins import NATIVE_COINS

# How some registries write "no contract".
_NO_CONTRACT = ("", "0x" + "0" * 40, "0x" + "e" * 40)
_NATIVE_ASSETS: dict[str, pl.DataType | type[pl.DataType]] = {
    "chain_id": pl.Int32, "asset_id": pl.String, "since": TIME, "until": TIME,
}  # fmt: skip


def native_assets(assets: pl.DataFrame) -> pl.DataFrame:
    """The asset in which each chain's gas is paid, and when.

    An asset may state its chains (`metadata.native_of_chains`, a list of chain ids): that stands for all times, and
    where two assets state one chain, the name in `schemas.coins` decides between them. For other chains it is the
    asset without a contract that goes by the coin's name at the time, or, where no such asset is registered, by
    another name the coin of that chain had; of several, the one on that chain, else the one without a chain.

    Args:
        assets: id, symbol, contract_address, metadata of `assets`, and chain_id where there is one.

    Returns:
        chain_id Int32, asset_id String, since, until Datetime (UTC; null: no limit; `until` is exclusive), at most
        one row for a chain at a moment.

    >>> coin = {"id": "e", "symbol": "ETH", "chain_id": None, "contract_address": None, "metadata": "{}"}
    >>> frame = pl.DataFrame([coin], schema_overrides={"chain_id": pl.Int32, "contract_address": pl.String})
    >>> native_assets(frame).filter(pl.col("chain_id") == 10).row(0)
    (10, 'e', None, None)
    """
    stated_by_chain = _stated(assets)
    rows: list[tuple[int, str, date | None, date | None]] = [
        (chain, ids[0], None, None)
        for chain, ids in stated_by_chain.items()
        if len(ids) == 1 or chain not in {coin.chain for coin in NATIVE_COINS}
    ]
    decided_chains = {row[0] for row in rows}
    coins = list(_coins(assets))
    for coin in NATIVE_COINS:
        if coin.chain in decided_chains:
            continue
        names = (
            coin.symbol,
            *(entry.symbol for entry in NATIVE_COINS if entry.chain == coin.chain and entry is not coin),
        )
        candidates = (
            [entry for entry in coins if entry[0] in stated_by_chain[coin.chain]]
            if coin.chain in stated_by_chain
            else coins
        )
        if native_id := _by_symbol(names, coin.chain, candidates):
            rows.append((coin.chain, native_id, coin.since, coin.until))
    frame = pl.DataFrame(
        rows, schema={"chain_id": pl.Int32, "asset_id": pl.String, "since": pl.Date, "until": pl.Date}, orient="row"
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in _NATIVE_ASSETS.items())


def _stated(assets: pl.DataFrame) -> dict[int, list[str]]:
    """Which assets state that they are the native coin of each chain."""
    stated = (
        assets.select(asset_id="id", chain_id=pl.col("metadata").str.json_path_match("$.native_of_chains"))
        .drop_nulls()
        .with_columns(pl.col("chain_id").str.extract_all(r"\d+").cast(pl.List(pl.Int32)))
        .explode("chain_id")
        .drop_nulls()
    )
    native_ids: dict[int, list[str]] = {}
    for asset, chain in stated.iter_rows():
        native_ids.setdefault(chain, []).append(asset)
    return native_ids


def _coins(assets: pl.DataFrame) -> Iterable[tuple[str, str, int | None]]:
    """Id, name in capitals and chain of every asset that has no contract or states to be native."""
    without_contract = pl.col("contract_address").fill_null("").str.to_lowercase().is_in(_NO_CONTRACT)
    states_native = pl.col("metadata").str.json_path_match("$.native_of_chains").is_not_null()
    chain = pl.col("chain_id") if "chain_id" in assets.columns else pl.lit(None, pl.Int32)
    known = assets.filter(without_contract | states_native.fill_null(value=False))
    return known.select("id", pl.col("symbol").str.to_uppercase(), chain.alias("chain_id")).iter_rows()


def _by_symbol(names: Iterable[str], chain: int, coins: list[tuple[str, str, int | None]]) -> str | None:
    for name in names:
        same = [coin for coin in coins if coin[1] == name]
        if same:
            return min(same, key=lambda coin: (coin[2] != chain, coin[2] is not None, coin[2] or 0))[0]
    return None
