"""Pages of portfolios with random histories: no view fails, no number differs, and pages agree with one another."""

from collections import Counter

import pytest

from . import every_page
from .conftest import cells, seen_by
from .histories import random_history
from .kit import HistoryRun, desk_of
from .meanings import Sheets, unequal
from .pages import Tally, ViewData
from .plain_market import WEEK
from .plain_run import Report, monday_of
from .test_histories import week_of

__all__ = ["every_page"]  # imported for the views it names

# Every so many-th history of the two thousand, so that each is of another market; three in `make test`.
STEPS = [pytest.param(400, id="some"), pytest.param(50, id="all", marks=pytest.mark.servers)]


@pytest.mark.parametrize("step", STEPS)
def test_every_page_of_a_history_is_computed_again(step, record_property):
    """Gaps, pools of four kinds, two coins of one symbol, debts, growth by itself: on paper as by plain Python."""
    tally, looked, wrong, counts = Tally(), 0, [], Counter()
    for seed in range(0, 2_000, step):
        history = random_history(seed)
        week = week_of(history)
        if history.rows["portfolios"][0]["created_at"] >= monday_of(week) + WEEK:
            continue
        desk, report = desk_of(history, week), Report(HistoryRun(history, week), history.rows["portfolios"][0])
        views_data = {}
        for cell in cells():
            seen = seen_by(cell, desk)
            views_data[seen.view_data["title"]] = ViewData(seen.view_data)
            tally.compare(report, seen.view_data, ticks=seen.ticks)
        number, unlike = unequal(Sheets(views_data, monday_of(week).date()))
        looked, wrong = looked + number, wrong + [f"random_history({seed}), {week}: {line}" for line in unlike]
        counts["histories"] += 1
    counted = ", ".join(f"{number:,} {how}" for how, number in tally.counts.most_common())
    record_property("said", f"pages of {counts['histories']} histories: {counted}; {len(tally.wrong)} differ; "
                            f"{looked:,} pairs, {len(wrong)} unequal")  # fmt: skip
    assert tally.wrong == []
    assert wrong == []
