"""Every rule by name, severity and damage, next to the list that was taken when each suite was still written by hand.

`rules.tsv` is that list. A rule that is dropped, weakened or reworded by a change of a declaration in `schemas` or of a
suite shows here as a difference; one that is meant is made in the file too, and explained in the commit.

Added since, because the store declares these columns NOT NULL and nothing asked for it: `not_be_null` of
`market_data.market_cap` and `price_change_24h`, and of `redis_price_current.volume_24h` and `change_24h`.
"""

import csv
from pathlib import Path

LISTED = Path(__file__).with_name("rules.tsv")


def test_the_rules_are_those_of_the_list(demo_findings):
    """Suite, severity, rule and damage of every finding of the demo, and nothing else."""
    with LISTED.open(encoding="utf-8", newline="") as file:
        listed = [tuple(row) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]
    derived = {(each.suite, each.severity, each.rule, each.notes) for each in demo_findings}
    assert sorted(derived - set(listed)) == []
    assert sorted(set(listed) - derived) == []
    assert len(listed) == len(set(listed)) == len(demo_findings)
