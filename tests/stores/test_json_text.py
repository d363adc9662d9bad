"""JSON is of the declared type or it is refused: no digit is rounded, no text dropped, no type guessed."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from ys_analytics.errors import ContractError
from ys_analytics.stores.common.json_text import decode
from ys_analytics.stores.common.quarantine import RejectPolicy

SHAPE = pl.Struct(
    {"price": pl.String, "n": pl.Int64, "share": pl.Float64, "tags": pl.List(pl.String), "on": pl.Boolean}
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ROW = st.fixed_dictionaries(
    {
        "price": TEXT | st.none(),
        "n": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "share": st.floats(allow_nan=False, allow_infinity=False) | st.none(),
        "tags": st.lists(TEXT, max_size=3) | st.none(),
        "on": st.booleans() | st.none(),
    }
)


def read(*texts, dtype=SHAPE):
    """The rows that were read, and the keys of those that were refused."""
    rejects = RejectPolicy(source="texts", quarantine=True)
    keys = [str(place) for place in range(len(texts))]
    frame = decode(pl.DataFrame({"key": keys, "value": list(texts)}), dtype, rejects=rejects)
    return frame["value"].to_list(), [int(misfit.key["key"]) for misfit in rejects.rejected]


@effort(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8), indent=st.sampled_from([None, 1]))
def test_legal_objects_come_back(rows, indent):
    assert read(*(json.dumps(row, indent=indent) for row in rows)) == (rows, [])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"price": 1.123456789012345678901}', id="a number for a decimal string, which would be rounded"),
        pytest.param('{"n": 5.5}', id="a fraction for an integer, which would be cut"),
        pytest.param('{"n": "5"}', id="a string for an integer"),
        pytest.param('{"n": 99999999999999999999}', id="an integer of 67 bits"),
        pytest.param('{"n": true}', id="a truth for an integer"),
        pytest.param('{"price": true}', id="a truth for a string"),
        pytest.param('{"price": {"a": 1}}', id="an object for a string"),
        pytest.param('{"price": "a", "price": "b"}', id="a field twice"),
        pytest.param('{"tags": "a"}', id="a string for a list"),
        pytest.param('{"tags": [1]}', id="numbers for strings"),
        pytest.param('{"share": NaN}', id="NaN"),
        pytest.param('{"share": -Infinity}', id="an infinity"),
        pytest.param('{"share": 1e999}', id="a number without end"),
        pytest.param('{"price": "\\ud800"}', id="half a letter"),
        pytest.param('{"price": "a\nb"}', id="a line broken inside a string"),
        pytest.param('{"price": "a"', id="cut short"),
        pytest.param('{"price": "a",}', id="a comma too many"),
        pytest.param("", id="nothing"),
        pytest.param("  \n ", id="blanks"),
        pytest.param("null", id="null"),
        pytest.param("[1]", id="a list"),
        pytest.param('"text"', id="a string"),
        pytest.param('{"n": 1}{"n": 2}', id="two objects"),
        pytest.param('{"n": 1}\n{"n": 2}', id="two lines"),
        pytest.param('{"n": 1}}{"value": {"n": 2}', id="an object that closes ours and opens another"),
        pytest.param('{"n": 1}},{"value": {"n": 2}', id="the same with a comma"),
        pytest.param("[" * 5_000, id="a well"),
    ],
)
def test_what_does_not_fit_is_refused_and_its_neighbours_are_not(text):
    sound = {"price": "1.5", "n": 1, "share": 0.5, "tags": [], "on": True}
    assert read(json.dumps(sound), text, json.dumps(sound)) == ([sound, sound], [1])
    assert read(text) == ([], [0])


def test_a_refusal_names_the_key():
    with pytest.raises(ContractError, match=r"prices\.value where key=price:1"):
        decode(
            pl.DataFrame({"key": ["price:1"], "value": ["{"]}),
            SHAPE,
            rejects=RejectPolicy(source="prices", key=("key",)),
        )


def test_undeclared_fields_are_left_out_and_missing_ones_are_null():
    rows, refused = read(
        '{"extra": [1, {"a": null}], "price": "1"}', dtype=pl.Struct({"price": pl.String, "n": pl.Int64})
    )
    assert (rows, refused) == ([{"price": "1", "n": None}], [])


def test_lists_of_pairs_come_back():
    pairs = [["2026-11-22T00:00:00Z", "1.5"], ["2026-11-22T01:00:00Z", "0.000000000000000001"]]
    assert read(json.dumps(pairs), "[]", "{}", dtype=pl.List(pl.List(pl.String))) == ([pairs, []], [2])


def test_no_text_gives_no_row_of_the_same_type():
    frame = decode(
        pl.DataFrame({"key": [], "value": []}, {"key": pl.String, "value": pl.String}), SHAPE, rejects=RejectPolicy()
    )
    assert frame.schema["value"] == SHAPE


def test_ten_thousand_hostile_texts_hide_among_sound_ones(record_property):
    """Each hostile text is found, however they are mixed."""
    hostile = ['{"n": 1', '{"price": 1.5}', '{"price": "a", "price": "b"}', "null", "", '{"share": NaN}', '{"n": 1e2}']
    texts = [hostile[place // 2 % len(hostile)] if place % 2 else f'{{"n": {place}}}' for place in range(20_000)]
    rows, refused = read(*texts)
    assert refused == list(range(1, 20_000, 2))
    assert [row["n"] for row in rows] == list(range(0, 20_000, 2))
    record_property("refused", len(refused))
