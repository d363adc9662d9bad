"""What every view owes its readers: words for people, a data JSON for machines, and no surprise in a name."""

import json
import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import polars as pl
import pytest

import ys_analytics as ys
from ys_analytics.views import DATA_TYPE
from ys_analytics.views.figure import PLOTLY_TYPE, Chart
from ys_analytics.views.table import Table, table
from ys_analytics.views.view import Field

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
CELLS = sorted(
    {
        cell.source
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and cell.source.startswith(("ys.figures", "ys.tables"))
    }
)


def shown(cell, desk):
    """What a cell of the notebook shows at a desk."""
    return eval(cell, {"ys": ys, "desk": desk})  # noqa: S307 - our own notebook's words


class Tags(HTMLParser):
    """Every tag and every attribute that could run something."""

    def __init__(self):
        """Begin with nothing seen."""
        super().__init__()
        self.seen, self.running = set(), []

    def handle_starttag(self, tag, attrs):
        """Note the tag, and anything on it could run."""
        self.seen.add(tag)
        self.running += [name for name, _ in attrs if name.startswith("on")]
        if tag == "script" and dict(attrs).get("type") != "application/json":
            self.running.append(tag)


@pytest.fixture(scope="module")
def desks(desk_of, whole):
    """Desks at which one cell is run after another, as in a notebook; `whole` has every purchase on record."""
    return {"owned": desk_of("owned"), "empty": desk_of("empty"), "whole": desk_of("owned", **whole)}


@pytest.mark.parametrize("who", ["owned", "empty"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_view_of_the_page_has_words_data_and_nothing_that_runs(desks, cell, who):
    """For a full portfolio and for one that has nothing: words, a data JSON, and nothing that runs."""
    view = shown(cell, desks[who])
    bundle = view._repr_mimebundle_()
    tags = Tags()
    tags.feed(bundle["text/html"])
    assert tags.running == []
    assert bundle["text/plain"]
    data_json = bundle[DATA_TYPE]
    assert json.loads(json.dumps(data_json, allow_nan=False)) == data_json
    assert view.title
    assert all(len(row) == len(data_json["columns"]) for row in data_json["rows"])


@pytest.mark.parametrize("cell", CELLS)
def test_the_same_frames_give_the_same_bytes(desk_of, desks, cell):
    """No clock, no counter, no chance, whatever was asked before: two readers can compare pages by their hashes."""
    first, second = shown(cell, desk_of("owned")), shown(cell, desks["owned"])
    assert first.to_html() == second.to_html()
    assert json.dumps(first.data_json()) == json.dumps(second.data_json())


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.startswith("ys.figures")])
def test_every_figure_is_plotly_that_prints_as_vectors(desks, cell):
    """Plotly itself accepts each property; no trace needs WebGL; every axis text is in the data JSON."""
    view = shown(cell, desks["whole"])
    assert isinstance(view, Chart)
    figure = view.plotly
    assert figure.data
    assert not [trace.type for trace in figure.data if trace.type.endswith("gl")]
    assert view.alt.endswith(".")
    drawn = [
        text
        for name, axis in view.layout.items()
        if name.startswith(("xaxis", "yaxis"))
        for text in axis.get("ticktext", [])
    ]
    labels = " ".join(view.labels)
    assert [text for text in drawn if text not in labels] == []
    assert view._repr_mimebundle_()[PLOTLY_TYPE]["layout"]["title"]["text"]


def test_two_lines_of_one_chart_differ_in_more_than_colour(desk_of):
    """A grey printer and a colour-blind reader tell them apart: by dash, panel or place."""
    from ys_analytics.views.theme import LINE_STYLES

    assert len({dash for _, dash in LINE_STYLES[:5]}) == 5
    assert len({color for color, _ in LINE_STYLES}) == len(LINE_STYLES)
    pools = shown("ys.figures.pool_yields(desk.yields())", desk_of("owned"))
    assert {trace["line"]["dash"] for trace in pools.traces} <= {"solid", "dash", "dot", "dashdot", "longdash"}


def test_a_null_is_a_dash_with_its_reason(desk_of):
    """A number that is refused leaves a mark, and the mark is explained under the table."""
    sheet = ys.tables.performance(desk_of("empty").performance())
    assert isinstance(sheet, Table)
    sharpe = next(row for row in sheet.printed_rows() if row[0] == "Sharpe ratio")
    mark = sharpe[1].split()[1]
    assert sharpe[1].startswith("—")
    assert f"{mark} needs 30 days, has 0" in sheet.notes


def test_figures_stand_to_the_right_and_their_units_in_the_head(desk_of):
    """Digits of one column line up, and the unit is said once."""
    page = ys.tables.positions(desk_of("owned").positions()).to_html()
    assert '<th scope="col" style="text-align:right">Value <span class="ys-unit">(USD)</span></th>' in page
    assert '<th scope="row" style="text-align:left">ETH</th>' in page


def test_money_keeps_every_digit_in_the_data_json(desk_of):
    """What is rounded on paper is exact for machines."""
    desk = desk_of("owned")
    data_json = ys.tables.positions(desk.positions()).data_json()
    place = [column["name"] for column in data_json["columns"]].index("value")
    assert [row[place] for row in data_json["rows"]] == [format(value, "f") for value in desk.positions()["value"]]


def test_a_gap_is_drawn_as_a_gap(desk_of):
    """Nine days without a snapshot are no slope: the line breaks, dots bridge it, and a note says how long."""
    desk = desk_of("owned")
    view = ys.figures.value(desk.daily_values(), desk.flows(), week=desk.days)
    assert view.notes == (
        "Dotted: 9 days without a snapshot, 10\N{EN DASH}18 Aug 2026.".replace(
            " Aug ", "\N{NO-BREAK SPACE}Aug\N{NO-BREAK SPACE}"
        ),
    )
    assert None in next(trace["y"] for trace in view.traces if trace.get("name") == "Net value")


def test_every_chart_says_which_tables_could_spoil_it():
    """A warning can only stand next to a chart that names what it is drawn from; no figure goes without."""
    from ys_analytics.schemas import TABLES

    known = {*TABLES, "pnl_identity"}
    for cell in CELLS:
        named = re.findall(r'"([a-z_]+)"', cell.partition(".with_warnings(")[2])
        assert set(named) <= known, cell
        assert named or not cell.startswith("ys.figures"), cell
    assert sum(".with_warnings(" in cell for cell in CELLS) > len(known) // 3


def test_a_warning_stands_with_its_view_in_every_form(desk_of, whole):
    """On paper under the chart, in JupyterLab above it, and in the data JSON for machines; as text."""
    said = ("Warning on market_data: <b>stale</b> for 9 days. Values are yesterday's.",)
    desk = desk_of("owned", **whole)
    for view in (
        ys.figures.growth(desk.daily_returns, week=desk.days),
        ys.tables.positions(desk.positions()),
        ys.tables.satellites(desk.satellites()),
    ):
        warned = view.with_warnings(said)
        assert '<p class="ys-warning" role="note">Warning on market_data: &lt;b&gt;stale' in warned.to_html()
        assert warned.data_json()["warnings"] == list(said)
        assert view.with_warnings(()).to_html() == view.to_html()
        if isinstance(warned, Chart):
            title = warned._repr_mimebundle_()[PLOTLY_TYPE]["layout"]["title"]
            assert "&lt;b&gt;stale" in title["subtitle"]["text"]
            assert warned.plotly.layout.title.subtitle.text == title["subtitle"]["text"]


def test_what_adds_up_has_its_sum_under_it_and_what_lacks_a_part_has_none():
    """The sum is exact, stands under its column, and is no row of the data."""
    frame = pl.DataFrame({"who": ["a", "b"], "cost": [Decimal("1.10"), Decimal("2.25")], "gain": [1.0, None]})
    fields = (Field(name="who", title=""), Field(name="cost", title="Cost", unit="USD"),
              Field(name="gain", title="Gain", unit="USD"))  # fmt: skip
    sheet = table(frame, title="Costs", fields=fields, totals=("cost", "gain"))
    assert sheet.printed_rows()[-1] == ("Total", "3.35", "")
    assert len(sheet.data_json()["rows"]) == 2
    assert '<tfoot><tr class="ys-strong"><th scope="row" style="text-align:left">Total</th>' in sheet.to_html()
    assert not table(frame.head(1), title="Costs", fields=fields, totals=("cost",)).totals
