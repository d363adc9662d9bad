"""What must be true of `schema_migrations`: which shape of database all of this was read from."""

from great_expectations import ExpectationSuite
from great_expectations.expectations import (
    ExpectColumnValuesToBeBetween,
    ExpectColumnValuesToBeUnique,
    ExpectColumnValuesToMatchRegex,
    ExpectColumnValuesToNotBeNull,
    ExpectTableRowCountToBeBetween,
)

from ys_analytics.quality import patterns

SUITE = ExpectationSuite(
    name="schema_migrations",
    expectations=[
        ExpectTableRowCountToBeBetween(
            min_value=1,
            severity="warning",
            notes="Nobody can say which schema these numbers came from.",
        ),
        ExpectColumnValuesToBeUnique(
            column="version",
            severity="warning",
            notes="A migration applied twice may have changed the data twice.",
        ),
        *(
            ExpectColumnValuesToNotBeNull(
                column=column,
                severity="warning",
                notes="A migration without name, time or checksum cannot be verified.",
            )
            for column in ("version", "description", "applied_at", "checksum")
        ),
        ExpectColumnValuesToMatchRegex(
            column="version",
            regex="^[0-9]{4}",
            severity="warning",
            notes="Order is lost when a version does not begin with its number.",
        ),
        ExpectColumnValuesToMatchRegex(
            column="checksum",
            regex=patterns.SHA256,
            severity="warning",
            notes="An edited migration goes unseen without the checksum of its file.",
        ),
        *(
            ExpectColumnValuesToMatchRegex(
                column=column,
                regex=patterns.WRITTEN,
                severity="info",
                notes="A migration that does not say what it did, or how to undo it, is found out by trying.",
            )
            for column in ("description", "rollback_sql")
        ),
        ExpectColumnValuesToBeBetween(
            column="applied_at",
            min_value=patterns.GENESIS,
            severity="warning",
            notes="A change of schema cannot be laid beside a change of numbers without its date.",
        ),
    ],
)
