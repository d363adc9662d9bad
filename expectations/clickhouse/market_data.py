"""What must be true of `market_data` before anything is valued at its prices."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectCompoundColumnsToBeUnique,
    ExpectTableRowCountToBeBetween,
    UnexpectedRowsExpectation,
)

from ys_analytics.quality import words

SUITE = ExpectationSuite(
    name="market_data",
    expectations=[
        ExpectTableRowCountToBeBetween(
            min_value=1,
            severity="critical",
            notes="Nothing can be valued without a single price; the market feed has not arrived.",
        ),
        ExpectCompoundColumnsToBeUnique(
            column_list=["asset_id", "chain_id", "timestamp", "source"],
            severity="critical",
            notes="Two prices for one moment value a portfolio twice over; which one counts is chance.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="critical",
                notes="A price without its moment, asset, chain or source cannot be used, and is used all the same.",
            )
            for column in ("timestamp", "asset_id", "chain_id", "price", "source")
        ),
        ExpectColumnValuesToBeBetween(
            column="price",
            min_value=0,
            strict_min=True,
            severity="critical",
            notes="A price of zero wipes out a holding and a negative one turns it into a debt.",
        ),
        ExpectColumnValuesToBeBetween(
            column="price",
            max_value=10_000_000,
            severity="critical",
            notes="One unscaled price makes a portfolio worth more than the world; no coin ever cost ten million dollars.",
        ),
        ExpectColumnValuesToBeBetween(
            column="volume_24h",
            min_value=0,
            severity="warning",
            notes="Liquidity looks worse than none when a volume is negative; the feed confused its signs.",
        ),
        ExpectColumnValuesToNotBeNull(
            column="volume_24h",
            severity="warning",
            notes="A jump in price cannot be told from an error without the volume that came with it.",
        ),
        ExpectColumnValuesToBeBetween(
            column="market_cap",
            min_value=0,
            severity="warning",
            notes="Rankings by size turn upside down when a market value is negative.",
        ),
        UnexpectedRowsExpectation(
            description="market_cap is known, or unknown for the whole series",
            unexpected_rows_query="""
                SELECT judged.asset_id, judged.chain_id, judged.timestamp, judged.source, judged.market_cap
                FROM {batch} AS judged
                INNER JOIN (
                    SELECT asset_id, chain_id, source FROM {batch} AS known
                    WHERE market_cap > 0 GROUP BY asset_id, chain_id, source
                ) AS valued
                    ON judged.asset_id = valued.asset_id
                    AND judged.chain_id = valued.chain_id AND judged.source = valued.source
                WHERE judged.market_cap = 0 AND judged.price > 0
            """,
            meta={"columns": ["market_cap"]},
            severity="warning",
            notes="Averages of market value sink when zero stands for unknown in a series that knows better.",
        ),
        ExpectColumnValuesToBeBetween(
            column="price_change_24h",
            min_value=-1,
            severity="warning",
            notes="A change below minus one claims that a price fell beyond nothing; percent was read as a fraction.",
        ),
        ExpectColumnValuesToBeBetween(
            column="price_change_24h",
            max_value=100,
            severity="warning",
            notes="A day of ten thousand per cent in the table of movers is percent read as a fraction.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="asset_id",
            regex=words.UUID,
            severity="critical",
            notes="Prices of assets that are not spelt as PostgreSQL's UUID join to nothing, so holdings lose their price.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="source",
            regex=words.LABEL,
            severity="warning",
            notes="Two spellings of one source count as two opinions.",
        ),
        ExpectColumnValuesToBeBetween(
            column="timestamp",
            min_value="2009-01-03 00:00:00",
            severity="critical",
            notes="Epoch zero, or milliseconds read as seconds, puts a price before there was any coin to price.",
        ),
        ExpectColumnValuesToBeBetween(
            column="chain_id",
            min_value=0,
            severity="critical",
            notes="A price on no chain joins to no asset.",
        ),
    ],
)
