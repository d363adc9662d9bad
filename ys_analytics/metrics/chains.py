"""In which coin each chain's gas is paid.

Depends on the registry of assets alone. Does not price anything.
"""

import polars as pl

# Chains whose gas is paid in a coin, where the registry of assets does not say so itself.
_NATIVE = {1: "ETH", 10: "ETH", 56: "BNB", 137: "POL", 8453: "ETH", 42161: "ETH", 43114: "AVAX"}


def native_assets(assets: pl.DataFrame) -> pl.DataFrame:
    """The asset in which each chain's gas is paid: chain_id Int32, asset_id.

    An asset may say so (`metadata.native_of_chains`); else a coin without a contract that goes by the chain's symbol.
    """
    stated = (
        assets.select(asset_id="id", chain_id=pl.col("metadata").str.json_path_match("$.native_of_chains"))
        .drop_nulls()
        .with_columns(pl.col("chain_id").str.extract_all(r"\d+").cast(pl.List(pl.Int32)))
        .explode("chain_id")
    )
    coins = assets.filter(pl.col("contract_address").is_null()).select(asset_id="id", symbol="symbol")
    usual = pl.DataFrame(
        {"chain_id": list(_NATIVE), "symbol": list(_NATIVE.values())},
        schema={"chain_id": pl.Int32, "symbol": pl.String},
    )
    guessed = usual.join(coins, on="symbol", how="inner", maintain_order="left").select("asset_id", "chain_id")
    return pl.concat([stated.select("asset_id", "chain_id"), guessed]).unique(
        "chain_id", keep="first", maintain_order=True
    )
