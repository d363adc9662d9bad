"""Rules of `assets`: one row for each coin or token on a chain."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    UnexpectedRowsExpectation,
)

SUITE = ExpectationSuite(
    name="assets",
    expectations=[
        UnexpectedRowsExpectation(
            description="a coin without a contract is one asset per chain",
            unexpected_rows_query="""
                SELECT symbol, coalesce(chain_id, 0) AS chain, count(*) AS listed
                FROM {batch} AS judged WHERE contract_address IS NULL
                GROUP BY symbol, coalesce(chain_id, 0) HAVING count(*) > 1
            """,
            meta={"columns": ["symbol", "chain_id", "contract_address"]},
            severity="critical",
            notes="Holdings of one coin are split between two assets, and each looks smaller than it is.",
        ),
        UnexpectedRowsExpectation(
            description="a contract belongs to one asset per chain",
            unexpected_rows_query="""
                SELECT lower(contract_address) AS contract, coalesce(chain_id, 0) AS chain, count(*) AS listed
                FROM {batch} AS judged WHERE contract_address IS NOT NULL
                GROUP BY lower(contract_address), coalesce(chain_id, 0) HAVING count(*) > 1
            """,
            meta={"columns": ["contract_address", "chain_id"]},
            severity="critical",
            notes="Holdings of one token are split between two assets, and its transfers may be assigned to either.",
        ),
    ],
)
