"""A portfolio is found by what a person would call it; where that is the name of several, the ids are listed."""

import json
import pickle
from datetime import UTC, datetime

import polars as pl
import pytest

from ys_analytics.errors import UsageError
from ys_analytics.frames import find_portfolio
from ys_analytics.schemas import Week

ONE, OTHER = "11111111-1111-4111-8111-111111111111", "64dab607-6050-5af0-a3cf-ae6a5b70a911"


def known(*names):
    return pl.DataFrame({"id": [ONE, OTHER][: len(names)], "name": list(names)}, schema_overrides={"name": pl.String})


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        pytest.param("So\u0308hne", "S\u00f6hne", id="an accent composed otherwise"),
        pytest.param("Stra\u00dfe", "STRASSE", id="a letter that capitals spell otherwise"),
        pytest.param("Alder Reserve", " alder reserve ", id="case and blanks around it"),
        pytest.param("Alder Reserve", f" {OTHER.upper()}\n", id="an id with blanks around it"),
        pytest.param("2026", "2026", id="a name that is a number"),
        pytest.param(ONE.replace("1", "3"), ONE.replace("1", "3"), id="a name that looks like an id"),
    ],
)
def test_a_name_is_found_however_it_is_spelt(name, wanted):
    """Case, blanks and the composition of accents are no part of a name; a portfolio without one is passed over."""
    assert find_portfolio(known(None, name), wanted) == OTHER


def test_portfolios_of_one_name_are_distinguished_by_id():
    """To write more of the name would not help, so the line gives the ids; each id means its own."""
    same = known("Alder", "Alder")
    with pytest.raises(UsageError, match=f"could be Alder .{ONE}. or Alder .{OTHER}.; write the id$"):
        find_portfolio(same, "alder")
    assert [find_portfolio(same, one) for one in (ONE, OTHER)] == [ONE, OTHER]


def test_the_exact_name_comes_before_one_that_differs_in_case():
    """Two names that differ in case alone are two."""
    two_portfolios = known("Alder", "alder")
    assert [find_portfolio(two_portfolios, one) for one in ("Alder", "alder")] == [ONE, OTHER]
    with pytest.raises(UsageError, match="could be Alder or alder"):
        find_portfolio(two_portfolios, "ALDER")


def test_what_was_found_knows_its_name_and_when_it_was_opened():
    """Handed on as its id, it can still be named and refused before it was opened."""
    opened = datetime(2026, 11, 18, 9, tzinfo=UTC)
    found = find_portfolio(known("Alder Reserve", "Birch").with_columns(created_at=pl.lit(opened)), "birch")
    assert (found, found.name, found.opened) == (OTHER, "Birch", opened)
    assert found.require_open(Week("2026-W47")) is found
    with pytest.raises(UsageError, match="'Birch' was opened on 2026-11-18, after 2026-W46 ended"):
        found.require_open(Week("2026-W46"))
    assert json.loads(json.dumps({found: found})) == {OTHER: OTHER}
    assert pickle.loads(pickle.dumps(found)).name == "Birch"  # noqa: S301 - our own bytes
