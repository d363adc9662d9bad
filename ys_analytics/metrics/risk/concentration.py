"""Concentration of a portfolio in one asset, protocol, chain or issuer of stablecoins.

Takes weights or positions, gives an index or a table. Does not read a store, clock or setting.
"""

import polars as pl

from ys_analytics.metrics.sample import nan_to_null

# Who can freeze it, or let it break. Symbols in capitals; bridged forms belong to the same issuer.
STABLECOIN_ISSUERS: dict[str, str] = {
    **dict.fromkeys(("USDC", "USDC.E", "USDBC", "EURC"), "Circle"),
    **dict.fromkeys(("USDT", "USDT.E", "EURT"), "Tether"),
    **dict.fromkeys(("DAI", "SDAI", "USDS", "SUSDS"), "Sky (MakerDAO)"),
    **dict.fromkeys(("FRAX", "SFRAX", "FRXUSD"), "Frax"),
    **dict.fromkeys(("USDE", "SUSDE"), "Ethena"),
    **dict.fromkeys(("BUSD", "USDP", "PYUSD", "USDG"), "Paxos"),
    **dict.fromkeys(("UST", "USTC"), "Terra"),
    **dict.fromkeys(("TUSD",), "Techteryx"),
    **dict.fromkeys(("LUSD", "BOLD"), "Liquity"),
    **dict.fromkeys(("GHO",), "Aave"),
    **dict.fromkeys(("CRVUSD",), "Curve"),
    **dict.fromkeys(("FDUSD",), "First Digital"),
    **dict.fromkeys(("USDD",), "TRON DAO"),
    **dict.fromkeys(("GUSD",), "Gemini"),
}


# Stablecoins that lost their peg for good float as any other coin does.
_FLOATING = frozenset({"UST", "USTC"})


def keeps_peg(symbol: str) -> bool:
    """Whether a symbol is that of a well-known stablecoin that keeps its peg.

    >>> keeps_peg("USDC"), keeps_peg("USTC"), keeps_peg("ETH")
    (True, False, False)
    """
    return symbol.upper() in STABLECOIN_ISSUERS and symbol.upper() not in _FLOATING


def herfindahl_index(value: pl.Expr) -> pl.Expr:
    r"""Sum of squared shares: 1 when all is in one thing, $1/k$ when it is spread evenly over $k$.

    $$ H = \sum_i s_i^2, \qquad s_i = |v_i| / \sum_j |v_j| $$

    Args:
        value: What is in each thing; a debt counts by its size.

    Returns:
        One Float64 from 0 to 1. Null when there is nothing.

    Source:
        Herfindahl (1950), "Concentration in the Steel Industry".

    >>> pl.DataFrame({"value": [50.0, 50.0]}).select(herfindahl_index(pl.col("value"))).item()
    0.5
    """
    size = value.cast(pl.Float64).abs()
    total = pl.when(size.sum() > 0).then(size.sum())
    return nan_to_null(pl.when(size.sum() > 0).then((size / total).pow(2).sum()))


def effective_number(value: pl.Expr) -> pl.Expr:
    r"""Number of equal things that would be as concentrated.

    $$ 1 / H $$

    Args:
        value: What is in each thing.

    Returns:
        One Float64, at least 1. Null when there is nothing.

    Source:
        Laakso and Taagepera (1979), Comparative Political Studies 12(1).

    >>> pl.DataFrame({"value": [50.0, 50.0]}).select(effective_number(pl.col("value"))).item()
    2.0
    """
    return nan_to_null(herfindahl_index(value).pow(-1))


def concentration(
    positions: pl.DataFrame | pl.LazyFrame, *, along: list[str], by: str = "portfolio_id", value: str = "value"
) -> pl.DataFrame:
    """Concentration of each portfolio along several dimensions.

    Args:
        positions: Columns `by`, `value` and those of `along`: asset, protocol, chain, issuer ... A null
            there is no thing of that kind (spot is in no protocol) and is left out.
        along: The dimensions.
        by: The column that tells the portfolios apart.
        value: What a position is worth in USD; a debt is negative and counts by its size.

    Returns:
        One row per portfolio and dimension, sorted: `by`, dimension String, herfindahl Float64,
        effective_number Float64, largest String, largest_share Float64, covered Float64 (share of the
        portfolio that has such a thing at all).

    >>> frame = pl.DataFrame({"portfolio_id": "a", "asset": ["x", "y"], "value": [75.0, 25.0]})
    >>> concentration(frame, along=["asset"]).row(0)
    ('a', 'asset', 0.625, 1.6, 'x', 0.75, 1.0)
    """
    # Not lazily: a plan may take a sum for indifferent to order, and the last digit of one of floats is not.
    held = positions.lazy().collect()
    tables = [_along(held, dimension, by=by, value=value) for dimension in along]
    return pl.concat(tables).sort(by, "dimension")


def _along(positions: pl.DataFrame, dimension: str, *, by: str, value: str) -> pl.DataFrame:
    size = pl.col(value).cast(pl.Float64).abs()
    whole = positions.group_by(by, maintain_order=True).agg(whole=size.sum())
    things = (
        positions.filter(pl.col(dimension).is_not_null())
        .group_by(by, dimension, maintain_order=True)
        .agg(size=size.sum())
    )
    return (
        things.sort(by, pl.col("size"), dimension, descending=[False, True, False])
        .group_by(by, maintain_order=True)
        .agg(
            dimension=pl.lit(dimension),
            herfindahl=herfindahl_index(pl.col("size")),
            effective_number=effective_number(pl.col("size")),
            largest=pl.col(dimension).first().cast(pl.String),
            largest_share=nan_to_null(pl.col("size").first() / pl.col("size").sum()),
            part=pl.col("size").sum(),
        )
        .join(whole, on=by)
        .with_columns(covered=nan_to_null(pl.col("part") / pl.col("whole")), dimension=pl.lit(dimension))
        .drop("part", "whole")
    )


def stablecoin_issuer(symbol: pl.Expr) -> pl.Expr:
    """Issuer behind a stablecoin's symbol; null for anything else.

    >>> pl.DataFrame({"symbol": ["usdc", "ETH"]}).select(stablecoin_issuer(pl.col("symbol"))).to_series().to_list()
    ['Circle', None]
    """
    return symbol.str.to_uppercase().replace_strict(STABLECOIN_ISSUERS, default=None, return_dtype=pl.String)
