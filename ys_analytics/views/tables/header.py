"""The first things a reader sees: whose week it is, what it came to, and where it stands.

One row of facts in, a masthead and a row of large numbers out.
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
        over: The line above the name.
        facts: Pairs of a word and what it says.
    """

    kind: str = "masthead"
    over: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    def written(self) -> tuple[tuple[str, ...], ...]:
        """The line above, and each fact."""
        return ((self.over,), *self.facts)

    def to_html(self) -> str:
        """A level-one heading and a list of facts."""
        return render("masthead", view=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One large number, its label and a line of context."""

    label: str
    number: str
    below: str
    down: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline(View):
    """A sentence that tells the week, and its numbers in large type."""

    kind: str = "headline"
    tiles: tuple[Tile, ...] = ()

    def written(self) -> tuple[tuple[str, ...], ...]:
        """Each tile's texts."""
        return tuple((tile.label, tile.number, tile.below) for tile in self.tiles)

    def to_html(self) -> str:
        """A lead paragraph and a row of tiles."""
        return render("headline", view=self)


def masthead(portfolio: pl.DataFrame) -> View:
    """Whose week this is.

    Args:
        portfolio: One row: id, name, week String, start and end Date (end exclusive), as_of Datetime, source String,
            risk_profile, rebalancing_strategy, created_at, user_type, kyc_status.
    """
    row = portfolio.row(0, named=True)
    fields = tuple(Field(name=name, title=formats.name(name)) for name in portfolio.columns)
    facts = [
        ("As of", f"{formats.moment(row['as_of'])} UTC"),
        ("Risk profile", formats.name(str(row["risk_profile"]))),
        ("Rebalanced", _or_dash(row["rebalancing_strategy"])),
        ("Opened", formats.written(row["created_at"] and row["created_at"].date(), "date")),
        ("Owner", f"{_or_dash(row['user_type'])}, KYC {row['kyc_status'] or formats.DASH}"),
    ]
    return Masthead(
        title=row["name"],
        over=f"Week {row['week']} · {formats.days_between(row['start'], row['end'] - _DAY)}",
        fields=fields,
        rows=tuple(portfolio.iter_rows()),
        facts=tuple(facts),
        alt=f"Weekly report of {row['name']}, week {row['week']}.",
    )


def headline(numbers: pl.DataFrame) -> View:
    """What the week came to.

    Args:
        numbers: One row: value Decimal in USD and value_day Date, week_return Float64 and week_reason, gain and flow
            Decimal in USD, since_return Float64, since_reason and since_day, max_drawdown Decimal (the limit),
            underwater and week_deepest Float64, beyond_now Boolean, beyond_week and beyond_ever Int64, beyond_since,
            beyond_first and beyond_last Date (how it stood to the limit), alerts and open_alerts Int64.
    """
    row = numbers.row(0, named=True)
    return Headline(
        title="The week in numbers",
        alt=_story(row),
        fields=tuple(Field(name=name, title=formats.name(name)) for name in numbers.columns),
        rows=tuple(numbers.iter_rows()),
        tiles=(
            Tile(
                label="Net value, USD",
                number=formats.written(row["value"], "USD whole"),
                below=f"close of {formats.day(row['value_day'])}" if row["value_day"] else "no snapshot yet",
            ),
            Tile(
                label="Return of the week",
                number=formats.written(row["week_return"], "fraction"),
                below=row["week_reason"] or f"{formats.written(row['gain'], 'USD signed')} USD",
                down=(row["week_return"] or 0) < 0,
            ),
            Tile(
                label="External flows, USD",
                number=formats.written(row["flow"], "USD whole signed"),
                below="paid in less taken out",
            ),
            Tile(
                label="Since inception",
                number=formats.written(row["since_return"], "fraction"),
                below=row["since_reason"] or f"from {formats.day(row['since_day'])}",
                down=(row["since_return"] or 0) < 0,
            ),
            Tile(
                label="Below its peak",
                number=formats.written(row["underwater"], "rate"),
                below=_against(row),
                down=bool(row["beyond_now"] or row["beyond_week"]),
            ),
        ),
    )


def _story(row: dict[str, Any]) -> str:
    """The week in two or three sentences, every number from the row."""
    said = []
    if row["value"] is None:
        said.append("The portfolio has no value on record: there is no snapshot of it.")
    elif row["week_return"] is None:
        said.append(f"The week has no return: {row['week_reason']}.")
    else:
        ret = row["week_return"]
        verb = "gained" if ret > 0 else "lost" if ret < 0 else "neither gained nor lost"
        amount = (
            f" {formats.written(abs(ret), 'rate')}, {formats.written(abs(row['gain']), 'USD')} USD,"
            if ret
            else " anything"
        )
        said.append(f"The portfolio {verb}{amount} in the week.")
    if row["flow"]:
        moved = "were paid in net" if row["flow"] > 0 else "were taken out net"
        said.append(f"{formats.written(abs(row['flow']), 'USD')} USD {moved}.")
    if row["underwater"] is not None:
        said.append(_standing(row))
    said.append(_warned(row["alerts"], row["open_alerts"]))
    return " ".join(said)


def _standing(row: dict[str, Any]) -> str:
    """Where it stands below its peak, the week's worst, and every day beyond the limit."""
    depth = formats.written(-row["underwater"], "rate")
    stands = f"It stands {depth} below its peak" if row["underwater"] < 0 else "It stands at its highest value so far"
    worst = row["week_deepest"]
    if worst is not None and worst < row["underwater"]:
        stands += f" ({formats.written(-worst, 'rate')} at the week's worst)"
    limit = row["max_drawdown"]
    if limit is None:
        return f"{stands}; no limit is set."
    shown = f"limit of {formats.written(limit, 'rate')}"
    if not row["beyond_ever"]:
        return f"{stands}, within the {shown}, which has not been passed."
    ever = f"{formats.count(row['beyond_ever'], 'day')} in all since {formats.day(row['beyond_first'])}"
    week = row["beyond_week"]
    if row["beyond_now"]:
        since = f"beyond the {shown} since {formats.day(row['beyond_since'])}"
        return f"{stands}, {since}: {formats.count(week, 'day')} of this week, {ever}."
    if week:
        return f"{stands}, but was beyond the {shown} on {formats.count(week, 'day')} of this week; {ever}."
    return (
        f"{stands}, within the {shown} all week; it was beyond it on {ever}, last on {formats.day(row['beyond_last'])}."
    )


def _against(row: dict[str, Any]) -> str:
    """The limit, and the days beyond it, in a line under the number."""
    if row["max_drawdown"] is None:
        return "no limit set"
    limit = f"limit {formats.written(row['max_drawdown'], 'rate')}"
    if row["beyond_week"]:
        return f"{limit}, beyond it on {formats.count(row['beyond_week'], 'day')} of the week"
    return f"{limit}, beyond it on {formats.count(row['beyond_ever'], 'day')} before" if row["beyond_ever"] else limit


def _warned(fresh: int, still_open: int) -> str:
    raised = "No alert was" if fresh == 0 else f"{formats.count(fresh, 'alert')} {'was' if fresh == 1 else 'were'}"
    after = f"{still_open:,} {'is' if still_open == 1 else 'are'} open" if still_open else "none is open"
    return f"{raised} raised; {after}."


def _or_dash(value: object) -> str:
    return formats.name(str(value)) if value else formats.DASH
