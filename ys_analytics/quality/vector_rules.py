"""What every collection of embeddings rules about its vectors, declared once.

Knows the words of a rule and the detectors of embeddings; knows no collection by name.
"""

from ys_analytics.quality.detectors.embeddings import (
    contradicting_scores,
    copies,
    drifting_weeks,
    faulty_norms,
    strangers,
)
from ys_analytics.quality.suite_types import Detector

_KEY, _VECTOR = ("id",), "vector"


def about_vectors(table: str, *, meaning: str, score: str, time: str | None = None) -> tuple[Detector, ...]:
    """The rules of one collection about its vectors.

    Args:
        table: The collection, by its name in `schemas.TABLES`.
        meaning: The payload that differs where contents differ.
        score: The payload that its vectors are expected to bear out.
        time: When a point was made; without it nothing is said of drift.

    >>> [rule.rule for rule in about_vectors("trading_patterns", meaning="pattern_type", score="success_rate")]
    ['has_direction(vector)', 'belongs_here(vector)', 'vector_says_the_score(success_rate)', \
'one_meaning_a_vector(pattern_type)']
    """
    rules = (
        Detector(
            rule="has_direction(vector)",
            find=lambda snapshot: faulty_norms(snapshot.frame(table), key=_KEY, vector=_VECTOR),
            columns=(_VECTOR,),
            severity="warning",
            notes="A vector without direction is like everything and nothing; searches return it by chance. A text "
            "without a word has none honestly.",
            needs=(table,),
        ),
        Detector(
            rule="belongs_here(vector)",
            find=lambda snapshot: strangers(snapshot.frame(table), key=_KEY, vector=_VECTOR),
            columns=(_VECTOR,),
            severity="warning",
            notes="Searches miss what was embedded by another model, or cut or padded to fit.",
            needs=(table,),
        ),
        Detector(
            rule=f"vector_says_the_score({score})",
            find=lambda snapshot: contradicting_scores(snapshot.frame(table), key=_KEY, vector=_VECTOR, score=score),
            columns=(_VECTOR, score),
            severity="warning",
            notes="A score that its own vector contradicts was written beside the wrong text.",
            needs=(table,),
        ),
        Detector(
            rule=f"one_meaning_a_vector({meaning})",
            find=lambda snapshot: copies(snapshot.frame(table), key=_KEY, vector=_VECTOR, meaning=meaning),
            columns=(_VECTOR, meaning),
            severity="warning",
            notes="Different contents cannot be told apart when they share a vector; one embedding was written "
            "many times.",
            needs=(table,),
        ),
    )
    return rules if time is None else (*rules, _no_drift(table, time, score))


def _no_drift(table: str, time: str, score: str) -> Detector:
    """Weeks that can be compared with the weeks before."""
    return Detector(
        rule="no_drift(vector)",
        find=lambda snapshot: drifting_weeks(snapshot.frame(table), time=time, vector=_VECTOR, score=score),
        columns=(_VECTOR, time),
        severity="warning",
        notes="This week cannot be compared with the last: the model, or the world, has changed.",
        needs=(table,),
    )
