"""What a portfolio's page says of a run's findings: with days, and with no other portfolio's row in it."""

import pytest

from ys_analytics.desk import findings
from ys_analytics.schemas import Finding

ASSETS = {"eth": "ETH"}


def finding(observed, *sample, rows=None, suite="market_data"):
    """A failed check with the rows that were found."""
    return Finding(
        suite=suite, rule="a rule", severity="warning", outcome="failed", notes="", observed=observed,
        rows=len(sample) if rows is None else rows, sample=list(sample),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("sample", "line"),
    [
        (
            ({"day": "2026-11-02", "said": "x"}, {"day": "2026-11-07", "said": "x"}),
            "Warning, market_data, 2026-11-02 to 2026-11-07: 432 rows, usually 18.",
        ),
        (
            ({"asset_id": "eth", "timestamp": "2026-06-23T23:59:59Z"},),
            "Warning, market_data, ETH, 2026-06-23: 432 rows, usually 18.",
        ),
        (({"source": "demo"},), "Warning, market_data: 432 rows, usually 18."),
    ],
    ids=["days of a table", "an asset's quote", "neither"],
)
def test_a_warning_says_when(sample, line):
    """A count of rows means nothing without its days."""
    found = finding("6 found: 432 rows, usually 18", *sample)
    assert findings.warnings([found], {"market_data"}, portfolio="p", assets=ASSETS) == (line,)


@pytest.mark.parametrize(
    ("observed", "right"),
    [
        ("2 rows, such as portfolio_id q, risk 0.7", "2 rows, such as risk 0.5"),
        ("2 of 9 rows, such as q", "2 of 9 rows, such as risk 0.5"),
    ],
)
def test_the_example_is_the_portfolios_own_row(observed, right):
    """Another owner's id and figures are in no line of a report."""
    found = finding(observed, {"portfolio_id": "q", "risk": "0.7"}, {"portfolio_id": "p", "risk": "0.5"})
    (own,) = findings.for_portfolio([found], "p")
    assert own.observed == right
    assert (own.rows, own.sample) == (found.rows, found.sample)


def test_what_a_detector_says_of_another_portfolio_is_left_out():
    """A gap of another portfolio is counted; which and when is its own report's."""
    gap = finding("1 found: 9 missing before 2026-06-24", {"portfolio_id": "q", "said": "9 missing before 2026-06-24"})
    assert [each.observed for each in findings.for_portfolio([gap], "p")] == ["1 found, of other portfolios"]
    assert [each.observed for each in findings.for_portfolio([gap], "q")] == ["1 found: 9 missing before 2026-06-24"]
    many = finding("40 found: 9 missing", {"portfolio_id": "q", "said": "9 missing"}, rows=40)
    assert findings.for_portfolio([many], "p")[0].observed == "40 found"  # its own row may be among those not kept


def test_a_finding_about_no_portfolio_is_as_it_was():
    """Prices, pools and chains are everyone's."""
    found = finding("1 found: a spike", {"asset_id": "eth", "said": "a spike"})
    assert findings.for_portfolio([found], "p") == [found]
