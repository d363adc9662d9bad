"""Figures that test suites, textbooks, standards and tools give for stated inputs, asked of our functions."""

import json
from collections import Counter

import pytest

from .oracles.answers import ANSWERS, agrees, answer
from .oracles.cases import PUBLISHED, SHARED, LeftOut, cases

CASES = cases()


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES if case["metric"] in ANSWERS])
def test_a_published_figure_agrees_with_ours(case):
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


@pytest.mark.parametrize("path", sorted(PUBLISHED.glob("*.json")), ids=lambda path: path.stem)
def test_a_copied_figure_names_its_source_and_licence(path):
    """What was copied says from where and by which right; where the original is here, it is the same figure."""
    copied = json.loads(path.read_text())
    assert copied["cases"]
    for source in copied["sources"]:
        assert source["name"]
        assert source["licence"]
    fields = ("metric", "convention", "inputs", "expected", "tolerance")
    for case in copied["cases"]:
        assert copied["sources"][case["source"]]
    if SHARED.is_dir():
        originals = {case["id"]: case for case in json.loads((SHARED / path.name).read_text())["cases"]}
        for case in copied["cases"]:
            assert [case[name] for name in fields] == [originals[case["id"]][name] for name in fields]
