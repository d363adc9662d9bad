"""Rules of `dex_trades`: amounts, prices and identity of swaps."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.cross_source import inconsistent_ratios
from ys_analytics.quality.detectors.scale import scale_outliers
from ys_analytics.quality.detectors.timezones import out_of_order
from ys_analytics.quality.suite_types import Detector
from ys_analytics.schemas import TABLES

_KEY = TABLES["dex_trades"].key
_POOL = ("chain_id", "pair_address")
# A pool of three tokens trades in three units.
_PAIR = (*_POOL, "token0_address", "token1_address")

SUITE = ExpectationSuite(
    name="dex_trades",
    expectations=[
        UnexpectedRowsExpectation(
            description="a swap moves both tokens",
            unexpected_rows_query="""
                SELECT chain_id, dex_name, timestamp, transaction_hash, pair_address, amount0, amount1
                FROM {batch} AS judged
                WHERE amount0 = 0 OR amount1 = 0 OR (amount0 > 0) = (amount1 > 0)
            """,
            meta={"columns": ["amount0", "amount1"]},
            severity="warning",
            notes=(
                "A swap in which only one token moved is counted in volume. A reverted swap moves nothing, and a real "
                "one moves both tokens."
            ),
        ),
        UnexpectedRowsExpectation(
            description="a pair names its two tokens in one order",
            unexpected_rows_query="""
                SELECT judged.chain_id AS chain_id, judged.dex_name AS dex_name, judged.timestamp AS timestamp,
                       judged.transaction_hash AS transaction_hash, judged.pair_address AS pair_address,
                       judged.token0_address AS token0_address, judged.token1_address AS token1_address
                FROM {batch} AS judged
                INNER JOIN (
                    SELECT chain_id, pair_address,
                           topK(1)(concat(lower(token0_address), ' ', lower(token1_address)))[1] AS tokens
                    FROM {batch} AS counted GROUP BY chain_id, pair_address
                ) AS usual ON judged.chain_id = usual.chain_id AND judged.pair_address = usual.pair_address
                WHERE concat(lower(judged.token1_address), ' ', lower(judged.token0_address)) = usual.tokens
                  AND lower(judged.token0_address) <> lower(judged.token1_address)
            """,
            meta={"columns": ["pair_address", "token0_address", "token1_address"]},
            severity="warning",
            notes=(
                "A swap's price is inverted because its two tokens were exchanged. A pool may hold more than two "
                "tokens."
            ),
        ),
        UnexpectedRowsExpectation(
            description="a transaction has one timestamp",
            unexpected_rows_query="""
                SELECT chain_id, dex_name, timestamp, transaction_hash, pair_address FROM {batch} AS judged
                WHERE (chain_id, transaction_hash) IN (
                    SELECT chain_id, transaction_hash FROM {batch} AS counted
                    GROUP BY chain_id, transaction_hash HAVING uniqExact(timestamp) > 1
                )
            """,
            meta={"columns": ["transaction_hash", "timestamp"]},
            severity="warning",
            notes="A swap delivered again with a later timestamp is counted twice in volume.",
        ),
        UnexpectedRowsExpectation(
            description="a swap is between two tokens",
            unexpected_rows_query="""
                SELECT chain_id, dex_name, timestamp, transaction_hash, pair_address, token0_address
                FROM {batch} AS judged WHERE lower(token0_address) = lower(token1_address)
            """,
            meta={"columns": ["token0_address", "token1_address"]},
            severity="warning",
            notes="A token swapped for itself inflates volume, at a price that is always 1.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="price_agrees_with_amounts(price)",
        find=lambda snapshot: inconsistent_ratios(
            snapshot.frame("dex_trades"), series=_POOL, key=_KEY, claimed="price", parts=("amount1", "amount0")
        ),
        columns=("price", "amount0", "amount1"),
        severity="warning",
        notes=(
            "A swap's price contradicts its amounts, so the swap is valued wrongly. Its amounts were probably "
            "exchanged, or scaled with the wrong token's decimals."
        ),
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_whole_tokens(amount0)",
        find=lambda snapshot: scale_outliers(snapshot.frame("dex_trades"), series=_PAIR, key=_KEY, value="amount0"),
        columns=("amount0",),
        severity="warning",
        notes=(
            "One swap dominates the week's volume. Its amounts were probably stored in raw units instead of whole "
            "tokens, or it was a very large trade."
        ),
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_whole_tokens(amount1)",
        find=lambda snapshot: scale_outliers(snapshot.frame("dex_trades"), series=_PAIR, key=_KEY, value="amount1"),
        columns=("amount1",),
        severity="warning",
        notes=(
            "One swap dominates the week's volume. Its amounts were probably stored in raw units instead of whole "
            "tokens, or it was a very large trade."
        ),
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_whole_tokens(price)",
        find=lambda snapshot: scale_outliers(snapshot.frame("dex_trades"), series=_PAIR, key=_KEY, value="price"),
        columns=("price",),
        severity="warning",
        notes="One swap's price dominates every mean. It was probably computed from raw units, or its token collapsed.",
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_order_of_blocks(timestamp)",
        find=lambda snapshot: out_of_order(
            snapshot.frame("dex_trades"), series=("chain_id",), key=_KEY, order="block_number", time="timestamp"
        ),
        columns=("timestamp", "block_number"),
        severity="warning",
        notes="A swap's timestamp contradicts its block number, so it is valued at another hour's price.",
        needs=("dex_trades",),
    ),
]
