"""Scores the suite of prices: the share of labelled faults found, and false findings on clean quotes.

Knows labels and findings; a fault is caught when any detector names its series at one of its moments, and a false
finding is one that names anything else. Pegs are news and gaps of the source are true, so neither counts as false.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import polars as pl
from quality_dirt import SERIES, Dirt, Label, inject

NEWS = frozenset({"keeps_its_peg(price)"})
# They lean on columns that an injection cannot keep in step, and would make catching look easier than it is.
LEFT_OUT = frozenset({"agrees_with_prices(price_change_24h)", "no_spike_of_implied_supply(market_cap)"})


@dataclass(frozen=True)
class Quotes:
    """Quotes in the form in which detectors ask for them."""

    rows: pl.DataFrame

    @property
    def as_of(self) -> Any:
        """A day after the last quote."""
        return self.rows.get_column("timestamp").max() + timedelta(days=1)

    def moment(self, _: str) -> Any:
        """The same for every table."""
        return self.as_of

    def frame(self, _: str) -> pl.DataFrame:
        """The quotes, for every table."""
        return self.rows


@dataclass
class Score:
    """Faults injected, caught, and findings about something else."""

    injected: int = 0
    caught: int = 0
    false: int = 0
    rows: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Score") -> None:
        """Count both together."""
        self.injected += other.injected
        self.caught += other.caught
        self.false += other.false
        self.rows += other.rows
        self.by_rule += other.by_rule

    @property
    def share(self) -> float:
        """Faults caught, as a fraction."""
        return self.caught / self.injected

    @property
    def false_per_thousand(self) -> float:
        """False findings per thousand series-days."""
        return 1000 * self.false / self.rows


def findings(quotes: pl.DataFrame, detectors: Sequence[Any]) -> pl.DataFrame:
    """What every detector says of quotes: rule, series and moment."""
    found_rows = [
        rows.select(pl.lit(detect.rule).alias("rule"), *SERIES, "timestamp")
        for detect in detectors
        if detect.rule not in LEFT_OUT
        for rows in [detect.find(Quotes(quotes))]
        if {*SERIES, "timestamp"} <= set(rows.columns)
    ]
    return pl.concat(found_rows)


def score(clean: pl.DataFrame, dirt: Dirt, detectors: Sequence[Any], known_names: pl.DataFrame, *, seed: int) -> Score:
    """One kind of dirt at one size: injected, looked for, counted.

    Args:
        clean: Quotes without it.
        dirt: What to inject.
        detectors: What looks.
        known_names: What they say of the clean quotes; not counted again.
        seed: Where the draws begin.
    """
    dirty, labels = inject(clean, dirt, seed=seed)
    new = findings(dirty, detectors).join(known_names, on=["rule", *SERIES, "timestamp"], how="anti")
    output: defaultdict[tuple[object, ...], list[tuple[Any, str]]] = defaultdict(list)
    for row in new.iter_rows(named=True):
        output[tuple(row[name] for name in SERIES)].append((row["timestamp"], row["rule"]))
    result = Score(injected=len(labels), rows=dirty.height)
    for label in labels:
        rules = {rule for moment, rule in output[label.series] if label.first <= moment <= label.last}
        result.caught += bool(rules)
        result.by_rule.update(rules)
    result.false = sum(
        rule not in NEWS and not _is_explained(series, moment, labels)
        for series, total_score in output.items()
        for moment, rule in total_score
    )
    return result


def _is_explained(series: tuple[object, ...], moment: Any, labels: Sequence[Label]) -> bool:
    """Whether some fault is near enough for a finding to be about it."""
    is_near = timedelta(days=5)
    return any(each.series == series and each.first - is_near <= moment <= each.last + is_near for each in labels)


def by_kind(scores: Mapping[Dirt, Score]) -> dict[str, Score]:
    """The scores of all sizes of a kind together."""
    kinds: defaultdict[str, Score] = defaultdict(Score)
    for dirt, each in scores.items():
        kinds[dirt.kind].add(each)
    return dict(kinds)
