"""Every published and cross-computed figure of ../shared/oracles, asked of our functions."""

from collections import Counter

import pytest

from .oracles.answers import ANSWERS, agrees, answer
from .oracles.asked import FOLDER, LeftOut, cases

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="../shared/oracles is not beside this checkout")

CASES = cases() if FOLDER.exists() else []


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES if case["metric"] in ANSWERS])
def test_a_figure_agrees(case):
    """Ours, by the convention the case states, is the figure within the tolerance the case states."""
    got = answer(case)
    assert agrees(got, case["expected"], case["tolerance"]), f"{case['metric']}: {got} is not {case['expected']}"


def test_what_is_left_out_is_counted(record_property):
    """A case is run, or it is listed here with its reason; none disappears."""
    left = Counter()
    for case in CASES:
        try:
            answer(case)
        except LeftOut as reason:
            left[f"{case['metric']}: {reason}"] += 1
    record_property("said", f"oracles: {len(CASES) - left.total()} of {len(CASES)} cases run, {left.total()} left out")
    for reason, count in left.items():
        record_property("said", f"  {count} x {reason}")
    assert left.total() <= 0.02 * len(CASES), "more is left out than two cases in a hundred"
