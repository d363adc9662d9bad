"""Masthead of the report and its headline numbers.

Depends on one row of facts. Does not compute.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from ys_analytics.views import formats
from ys_analytics.views.templates import render
from ys_analytics.views.view import Field, View

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masthead(View):
    """The head of the report.

    Attributes:
        week_line: The line above the name.
        facts: Pairs of a label and its value.
    """

    kind: str = "masthead"
    week_line: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    def printed_rows(self) -> tuple[tuple[str, ...], ...]:
        """The line above, and each fact."""
        return ((self.week_line,), *self.facts)

    def to_html(self) -> str:
        """A level-one heading and a list of facts."""
        return render("masthead", view=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One large number, its label and a line of context."""

    label: str
    number: str
    context: str
    negative: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline(View):
    """A summary of the week in a sentence, and its numbers in large type."""

    kind: str = "headline"
    tiles: tuple[Tile, ...] = ()

    def printed_rows(self) -> tuple[tuple[str, ...], ...]:
        """Each tile's texts."""
        return tuple((tile.label, tile.number, tile.context) for tile in self.tiles)

    def to_html(self) -> str:
        """A lead paragraph and a row of tiles."""
        return render("headline", view=self)


def masthead(frame: pl.DataFrame) -> View:
    """Masthead of a portfolio's report: name, week, owner and risk profile.

    Args:
        frame: One row: id, name, week String, start and end Date (end exclusive), as_of Datetime, source String,
            risk_profile, rebalancing_strategy, created_at, user_type, kyc_status.
    """
    row = frame.row(0, named=True)
    fields = tuple(Field(name=name, title=formats.name(name)) for name in frame.columns)
    facts = [
        ("As of", f"{formats.moment(row['as_of'])} UTC"),
        ("Risk profile", formats.name(str(row["risk_profile"]))),
        ("Rebalanced", _or_dash(row["rebalancing_strategy"])),
        ("Opened", formats.text(row["created_at"] and row["created_at"].date(), "date")),
        ("Owner", f"{_or_dash(row['user_type'])}, KYC {row['kyc_status'] or formats.DASH}"),
    ]
    return Masthead(
        title=row["name"],
        week_line=f"Week {row['week']} · {formats.days_between(row['start'], row['end'] - _DAY)}",
        fields=fields,
        rows=tuple(frame.iter_rows()),
        facts=tuple(facts),
        alt=f"Weekly report of {row['name']}, week {row['week']}.",
    )


def headline(frame: pl.DataFrame) -> View:
    """Headline numbers of the week: value, return, flows, drawdown and alerts.

    Args:
        frame: One row: value Decimal in USD and value_day Date, week_return Float64 and week_reason, gain and flow
            Decimal in USD, since_return Float64, since_reason and since_day, max_drawdown Decimal (the limit),
            underwater and week_deepest Float64, beyond_now Boolean, beyond_week and beyond_ever Int64, beyond_since,
            beyond_first and beyond_last Date (how it stood to the limit), alerts and open_alerts Int64.
    """
    row = frame.row(0, named=True)
    return Headline(
        title="The week in numbers",
        alt=_summary(row),
        fields=tuple(Field(name=name, title=formats.name(name)) for name in frame.columns),
        rows=tuple(frame.iter_rows()),
        tiles=(
            Tile(
                label="Net value, USD",
                number=formats.text(row["value"], "USD whole"),
                context=f"close of {formats.day(row['value_day'])}" if row["value_day"] else "no snapshot yet",
            ),
            Tile(
                label="Return of the week",
                number=formats.text(row["week_return"], "fraction"),
                context=row["week_reason"] or f"{formats.text(row['gain'], 'USD signed')} USD",
                negative=(row["week_return"] or 0) < 0,
            ),
            Tile(
                label="External flows, USD",
                number=formats.text(row["flow"], "USD whole signed"),
                context="paid in less taken out",
            ),
            Tile(
                label="Since inception",
                number=formats.text(row["since_return"], "fraction"),
                context=row["since_reason"] or f"from {formats.day(row['since_day'])}",
                negative=(row["since_return"] or 0) < 0,
            ),
            Tile(
                label="Below its peak",
                number=formats.text(row["underwater"], "rate"),
                context=_limit_context(row),
                negative=bool(row["beyond_now"] or row["beyond_week"]),
            ),
        ),
    )


def _summary(row: dict[str, Any]) -> str:
    """The week in two or three sentences, every number from the row."""
    sentences = []
    if row["value"] is None:
        sentences.append("The portfolio has no value on record: there is no snapshot of it.")
    elif row["week_return"] is None:
        sentences.append(f"The week has no return: {row['week_reason']}.")
    else:
        week_return = row["week_return"]
        verb = "gained" if week_return > 0 else "lost" if week_return < 0 else "neither gained nor lost"
        amount = (
            f" {formats.text(abs(week_return), 'rate')}, {formats.text(abs(row['gain']), 'USD')} USD,"
            if week_return
            else " anything"
        )
        sentences.append(f"The portfolio {verb}{amount} in the week.")
    if row["flow"]:
        flow_words = "were paid in net" if row["flow"] > 0 else "were taken out net"
        sentences.append(f"{formats.text(abs(row['flow']), 'USD')} USD {flow_words}.")
    if row["underwater"] is not None:
        sentences.append(_drawdown_sentence(row))
    sentences.append(_alert_sentence(row["alerts"], row["open_alerts"]))
    return " ".join(sentences)


def _drawdown_sentence(row: dict[str, Any]) -> str:
    """Where it stands below its peak, the week's worst, and every day beyond the limit."""
    depth = formats.text(-row["underwater"], "rate")
    sentence = f"It stands {depth} below its peak" if row["underwater"] < 0 else "It stands at its highest value so far"
    worst = row["week_deepest"]
    if worst is not None and worst < row["underwater"]:
        sentence += f" ({formats.text(-worst, 'rate')} at the week's worst)"
    limit = row["max_drawdown"]
    if limit is None:
        return f"{sentence}; no limit is set."
    limit_text = f"limit of {formats.text(limit, 'rate')}"
    if not row["beyond_ever"]:
        return f"{sentence}, within the {limit_text}, which has not been passed."
    days_ever = f"{formats.count(row['beyond_ever'], 'day')} in all since {formats.day(row['beyond_first'])}"
    in_week = row["beyond_week"]
    days_in_week = f"{formats.count(in_week, 'day')} of this week"
    if row["beyond_now"]:
        since = f"beyond the {limit_text} since {formats.day(row['beyond_since'])}"
        return f"{sentence}, {since}: {days_in_week}, {days_ever}."
    if in_week:
        return f"{sentence}, but was beyond the {limit_text} on {days_in_week}; {days_ever}."
    last = formats.day(row["beyond_last"])
    return f"{sentence}, within the {limit_text} all week; it was beyond it on {days_ever}, last on {last}."


def _limit_context(row: dict[str, Any]) -> str:
    """The drawdown limit and the days beyond it, for the line under the number."""
    if row["max_drawdown"] is None:
        return "no limit set"
    limit = f"limit {formats.text(row['max_drawdown'], 'rate')}"
    if row["beyond_week"]:
        return f"{limit}, beyond it on {formats.count(row['beyond_week'], 'day')} of the week"
    return f"{limit}, beyond it on {formats.count(row['beyond_ever'], 'day')} before" if row["beyond_ever"] else limit


def _alert_sentence(raised_in_week: int, open_alerts: int) -> str:
    raised = (
        "No alert was"
        if raised_in_week == 0
        else f"{formats.count(raised_in_week, 'alert')} {'was' if raised_in_week == 1 else 'were'}"
    )
    open_text = f"{open_alerts:,} {'is' if open_alerts == 1 else 'are'} open" if open_alerts else "none is open"
    return f"{raised} raised; {open_text}."


def _or_dash(value: object) -> str:
    return formats.name(str(value)) if value else formats.DASH
