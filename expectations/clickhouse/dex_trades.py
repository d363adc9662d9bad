"""What must be true of `dex_trades` before a swap's price or volume is believed."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

from ys_analytics.quality.detectors.cross_source import off_its_ratio
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
            description="tokens moved both ways",
            unexpected_rows_query="""
                SELECT chain_id, dex_name, timestamp, transaction_hash, pair_address, amount0, amount1
                FROM {batch} AS judged
                WHERE amount0 = 0 OR amount1 = 0 OR (amount0 > 0) = (amount1 > 0)
            """,
            meta={"columns": ["amount0", "amount1"]},
            severity="warning",
            notes="Volume counts swaps that never happened: a reverted swap moves nothing, and a real one gives "
            "and takes.",
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
            notes="A swap is priced the wrong way round: two columns were exchanged. A pool may hold more than two.",
        ),
        UnexpectedRowsExpectation(
            description="a transaction happens at one moment",
            unexpected_rows_query="""
                SELECT chain_id, dex_name, timestamp, transaction_hash, pair_address FROM {batch} AS judged
                WHERE (chain_id, transaction_hash) IN (
                    SELECT chain_id, transaction_hash FROM {batch} AS counted
                    GROUP BY chain_id, transaction_hash HAVING uniqExact(timestamp) > 1
                )
            """,
            meta={"columns": ["transaction_hash", "timestamp"]},
            severity="warning",
            notes="Volume counts a swap twice that was delivered again under a later moment.",
        ),
        UnexpectedRowsExpectation(
            description="a swap is between two tokens",
            unexpected_rows_query="""
                SELECT chain_id, dex_name, timestamp, transaction_hash, pair_address, token0_address
                FROM {batch} AS judged WHERE lower(token0_address) = lower(token1_address)
            """,
            meta={"columns": ["token0_address", "token1_address"]},
            severity="warning",
            notes="Volume is inflated by a token swapped for itself, at a price that is one by definition.",
        ),
    ],
)

DETECTORS = [
    Detector(
        rule="price_is_of_its_amounts(price)",
        find=lambda snapshot: off_its_ratio(
            snapshot.frame("dex_trades"), series=_POOL, key=_KEY, claimed="price", parts=("amount1", "amount0")
        ),
        columns=("price", "amount0", "amount1"),
        severity="warning",
        notes="A swap is priced at what it did not pay: its amounts were exchanged, or scaled by the wrong token.",
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_whole_tokens(amount0)",
        find=lambda snapshot: scale_outliers(snapshot.frame("dex_trades"), series=_PAIR, key=_KEY, value="amount0"),
        columns=("amount0",),
        severity="warning",
        notes="Volume of a week is one swap: raw units were written where whole tokens belong, or a whale traded.",
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_whole_tokens(amount1)",
        find=lambda snapshot: scale_outliers(snapshot.frame("dex_trades"), series=_PAIR, key=_KEY, value="amount1"),
        columns=("amount1",),
        severity="warning",
        notes="Volume of a week is one swap: raw units were written where whole tokens belong, or a whale traded.",
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_whole_tokens(price)",
        find=lambda snapshot: scale_outliers(snapshot.frame("dex_trades"), series=_PAIR, key=_KEY, value="price"),
        columns=("price",),
        severity="warning",
        notes="Every mean is one swap: its price was taken from raw units, or its token collapsed.",
        needs=("dex_trades",),
    ),
    Detector(
        rule="in_order_of_blocks(timestamp)",
        find=lambda snapshot: out_of_order(
            snapshot.frame("dex_trades"), series=("chain_id",), key=_KEY, order="block_number", time="timestamp"
        ),
        columns=("timestamp", "block_number"),
        severity="warning",
        notes="A swap is priced at another hour's price: its moment is not that of its block.",
        needs=("dex_trades",),
    ),
]
