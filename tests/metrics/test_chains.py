"""Native coins: which asset pays a chain's gas."""

import polars as pl

from ys_analytics.metrics.chains import native_assets


def test_what_an_asset_says_of_itself_comes_before_its_symbol():
    """A coin that names its chains pays for them; the others are found by the chain's usual symbol."""
    assets = pl.DataFrame(
        {
            "id": ["eth", "pol", "weth"],
            "symbol": ["ETH", "MATIC", "WETH"],
            "contract_address": [None, None, "0x1"],
            "metadata": [None, '{"native_of_chains": [137]}', None],
        }
    )
    paid = dict(native_assets(assets).select("chain_id", "asset_id").iter_rows())
    assert paid[137] == "pol"
    assert paid[1] == paid[10] == "eth"
    assert "weth" not in paid.values()
