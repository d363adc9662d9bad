"""All portfolios together: what adds up, who stands out, and whose limit is broken."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from ys_analytics.desk import fleet_summary
from ys_analytics.metrics import HEADLINE
from ys_analytics.schemas import MONEY, TIME, Week

WEEK = Week("2026-W47")


def ranked(*rows):
    """Rows of the ranking: name, value, week, total return."""
    made = [
        {"id": name, "name": name, "value": None if value is None else Decimal(value), "week": week}
        for name, value, week, _ in rows
    ]
    numbers = {metric.name: pl.Series([None] * len(rows), dtype=pl.Float64) for metric in HEADLINE}
    numbers["total_return"] = pl.Series([total for *_, total in rows], dtype=pl.Float64)
    return pl.DataFrame(made, schema_overrides={"value": MONEY, "week": pl.Float64}).with_columns(**numbers)


def flows(*rows):
    """External flows: whose, on which day of November, how much."""
    made = [
        {
            "portfolio_id": who,
            "timestamp": datetime(2026, 11, day, 12, tzinfo=UTC),
            "amount": amount and Decimal(amount),
        }
        for who, day, amount in rows
    ]
    return pl.DataFrame(made, schema={"portfolio_id": pl.String, "timestamp": TIME, "amount": MONEY})


def test_totals_add_up_and_the_return_is_on_what_the_week_began_with():
    """Of 130, 20 were paid in and 10 gained: 100 at first. Flows of another week do not count."""
    days = pl.DataFrame(
        {"portfolio_id": ["a", "b", "gone"], "day": [date(2026, 11, 17)] * 3,
         "gain": [Decimal(15), Decimal(-5), Decimal(900)]}, schema_overrides={"gain": MONEY},
    )  # fmt: skip
    rows = fleet_summary.totals(
        ranked(("a", "100", 0.1, 0.1), ("b", "30", 0.0, 0.0)),
        flows(("a", 18, "25"), ("b", 18, "-5"), ("a", 3, "70"), ("gone", 18, "1"), ("b", 19, None)), days, week=WEEK,
    )  # fmt: skip
    found = rows.row(0, named=True)
    assert (found["value"], found["gain"], found["paid_in"], found["taken_out"]) == (130, 10, 25, -5)
    assert found["week"] == pytest.approx(0.1)
    assert found["unpriced"] == 1


def test_cohorts_have_medians_and_all_of_them_add_up():
    """Two careful portfolios and a bold one."""
    listed = ranked(("a", "10", 0.1, 0.2), ("b", "20", 0.3, 0.4), ("c", "70", -0.5, None))
    profiles = pl.DataFrame({"id": ["a", "b", "c"], "risk_profile": ["careful", "careful", "bold"]})
    found = {row["cohort"]: row for row in fleet_summary.cohorts(listed, profiles).iter_rows(named=True)}
    assert found["careful"]["n"] == 2
    assert found["careful"]["week"] == pytest.approx(0.2)
    assert found["bold"]["total_return"] is None
    assert found["bold"]["reason"] == "none has this number"
    assert found["All"]["value"] == 100


def test_an_outlier_is_far_by_the_median_deviation_and_few_have_none():
    """Nine near each other and one far off; of seven, none is an outlier."""
    rows = [(f"p{place}", "1", place / 1000, 0.0) for place in range(9)] + [("far", "1", 0.5, 0.0)]
    found = fleet_summary.outliers(ranked(*rows))
    assert found.select("name", "metric").rows() == [("far", "Return of the week")]
    middle, spread = 0.0045, 1.4826 * 0.0025
    assert found["deviations"][0] == pytest.approx((0.5 - middle) / spread)
    assert fleet_summary.outliers(ranked(*rows[3:])).is_empty()


def test_flows_are_by_portfolio_the_largest_net_first():
    """In and out on their own, and what is left of both."""
    found = fleet_summary.flows_of_week(
        ranked(("a", "1", 0, 0), ("b", "1", 0, 0)), flows(("a", 17, "5"), ("b", 17, "50"), ("b", 18, "-20")), week=WEEK
    )
    assert found.select("name", "paid_in", "taken_out", "net").rows() == [("b", 50, -20, 30), ("a", 5, 0, 5)]


def test_a_limit_is_broken_also_where_only_a_day_of_the_week_was_beyond():
    """One fell and stayed, one came back, one kept within: two are listed, the one beyond now first."""
    monday = date(2026, 11, 16)
    falls = {"stayed": [-0.3, 0.0], "back": [-0.3, 0.4], "within": [-0.1, 0.0]}
    days = pl.concat(
        pl.DataFrame({"portfolio_id": [who] * 3, "day": [monday + timedelta(days=step) for step in (-1, 0, 1)],
                      "ret": [0.0, *rets], "days": [1] * 3})
        for who, rets in falls.items()
    )  # fmt: skip
    known = pl.DataFrame({"id": list(falls), "name": list(falls), "max_drawdown": [Decimal("0.2")] * 3})
    found = fleet_summary.limits_broken(known, days, week=(monday, monday + timedelta(days=7)))
    assert found.select("name", "days_beyond", "since").rows() == [("stayed", 2, monday), ("back", 1, None)]
    assert found["worst"].to_list() == pytest.approx([0.3, 0.3])


def test_the_best_of_a_number_that_should_be_small_is_the_smallest():
    """The direction of a metric says who is best."""
    listed = ranked(("a", "1", 0.0, 0.3), ("b", "1", 0.0, -0.1)).with_columns(volatility=pl.Series([0.9, 0.2]))
    found = {row["title"]: row for row in fleet_summary.extremes(listed).iter_rows(named=True)}
    assert (found["Total return"]["best"], found["Volatility"]["best"]) == ("a", "b")
