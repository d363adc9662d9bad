"""What was held at the end of each week by kind, protocol and chain, drawn."""

import polars as pl

from ys_analytics.views import formats, theme
from ys_analytics.views.figure import Chart
from ys_analytics.views.theme import Json
from ys_analytics.views.view import Field, View, not_shown

_PANELS = (("kind", "by kind of position"), ("protocol", "by protocol"), ("chain", "by chain"))
# More parts than these cannot be told apart; the rest is drawn as one.
_MAX_PARTS = 5
_COLOURS = (theme.BLUE, theme.ORANGE, theme.GREEN, theme.PURPLE, theme.FAINT)
_OTHERS = "others"
_TOP, _KEY, _BARS = 20, 14, 96  # pixels of a panel: its title, a line of its key, its bars


def composition(parts: pl.DataFrame) -> View:
    """Stacked bars, a panel each for kind, protocol and chain: parts of the size of all positions week by week.

    Args:
        parts: by String (kind, protocol, chain), week_end Date, name String, size, share Float64, reason String where
            these are null; oldest week first.
    """
    title = "Composition by week"
    known = parts.filter(pl.col("share").is_not_null())
    if known.is_empty():
        reason = parts["reason"].drop_nulls().to_list()
        return not_shown(title, reason[0] if reason else "nothing was held at the end of any of these weeks")
    weeks = parts["week_end"].unique().sort().to_list()
    names = [f"{week.day} {formats.MONTHS[week.month - 1]}" for week in weeks]
    # Neither the first nor the last: they would reach into the next panel.
    shown = [name if place % 4 == 2 else "" for place, name in enumerate(names)]  # noqa: PLR2004
    drawn = {by: _largest_parts(known.filter(pl.col("by") == by)) for by, _ in _PANELS}
    keys = max(len(rows) for rows in drawn.values())
    height = _TOP + _BARS + 22 + _KEY * keys
    traces: list[Json] = []
    layout = theme.layout(height=height, left=4, right=4, top=_TOP, bottom=22 + _KEY * keys, barmode="stack",
                          bargap=0.15, hovermode="closest")  # fmt: skip
    notes: list[Json] = []
    labels: list[str] = [*names]
    for place, (by, text) in enumerate(_PANELS):
        mark, left = str(place + 1) if place else "", place * 0.345
        bare: Json = {"showgrid": False, "zeroline": False, "fixedrange": True}
        layout[f"xaxis{mark}"] = {
            **bare, "type": "category", "domain": [left, left + 0.31], "anchor": f"y{mark}", "tickvals": names,
            "ticktext": shown, "tickangle": 0, "tickfont": {"size": theme.SMALL, "color": theme.GREY},
        }  # fmt: skip
        layout[f"yaxis{mark}"] = {**bare, "showticklabels": False, "range": [0, 1], "anchor": f"x{mark}"}
        notes.append(theme.note(text, x=left, xref="paper", y=1, yref="paper", yanchor="bottom", yshift=4,
                                color=theme.GREY))  # fmt: skip
        for row, (name, shares) in enumerate(drawn[by].items()):
            color = _COLOURS[row]
            traces.append(
                {
                    "type": "bar", "x": names, "y": [shares.get(week) for week in weeks], "name": theme.escape(name),
                    "xaxis": f"x{mark}", "yaxis": f"y{mark}", "marker": {"color": color},
                    "hovertemplate": f"%{{x}}: {theme.escape(name)} %{{y:.1%}}<extra></extra>",
                }
            )  # fmt: skip
            last = formats.text(shares.get(weeks[-1], 0.0), "share")
            labels.append(last)
            words = f"{theme.escape(formats.short(name, max_length=20))} {last}"
            small: Json = {"size": theme.SMALL, "color": color}
            below = -20 - _KEY * row
            notes.append(
                theme.note(words, x=left, xref="paper", y=0, yref="paper", yanchor="top", yshift=below, font=small)
            )  # fmt: skip
    layout["annotations"] = notes
    missing = parts.filter(pl.col("reason").is_not_null())["week_end"].unique().sort()
    return Chart(
        title=title,
        subtitle="share of the size of all positions at each week's end, debts by their size; the last beside its name",
        fields=(
            Field(name="by", title="Seen by"),
            Field(name="week_end", title="Week's end", unit="date"),
            Field(name="name", title="Part"),
            Field(name="size", title="Size", unit="USD"),
            Field(name="share", title="Share of size", unit="share"),
        ),
        rows=tuple(parts.select("by", "week_end", "name", "size", "share").iter_rows()),
        labels=tuple(labels),
        alt=_alt(drawn, weeks[-1]),
        notes=tuple(f"{formats.day(week)} is left out: no price within 24 hours." for week in missing),
        traces=tuple(traces),
        layout=layout,
    )


def _largest_parts(rows: pl.DataFrame) -> dict[str, dict[object, float]]:
    """Shares of the largest parts by week, largest first; what is left is one part."""
    order = (
        rows.group_by("name", maintain_order=True)
        .agg(pl.col("size").sum())
        .sort("size", "name", descending=[True, False])["name"]
    )
    kept = order.to_list() if len(order) <= _MAX_PARTS else order.head(_MAX_PARTS - 1).to_list()
    found: dict[str, dict[object, float]] = {name: {} for name in kept}
    if len(order) > len(kept):
        found[_OTHERS] = {}
    for week, name, share in rows.select("week_end", "name", "share").iter_rows():
        part = found[name if name in kept else _OTHERS]
        part[week] = part.get(week, 0.0) + share
    return found


def _alt(drawn: dict[str, dict[str, dict[object, float]]], last: object) -> str:
    """The parts of the last week by each of the three."""
    sentences = []
    for by, text in _PANELS:
        now = [f"{name} {formats.text(shares[last], 'share')}" for name, shares in drawn[by].items() if last in shares]
        if now:
            sentences.append(f"{text} {formats.join_words(now)}")
    return "Share of size at the last week's end: " + "; ".join(sentences) + "."
