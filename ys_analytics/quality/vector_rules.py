"""What every collection of embeddings promises about its vectors, declared once.

Knows the words of a promise and the detectors of embeddings; knows no collection by name.
"""

from ys_analytics.quality.detectors.embeddings import (
    contradicting_scores,
    copies,
    drifting_weeks,
    faulty_norms,
    strangers,
)
from ys_analytics.quality.suite_types import Detect

_KEY, _VECTOR = ("id",), "vector"


def about_vectors(table: str, *, meaning: str, score: str, time: str | None = None) -> tuple[Detect, ...]:
    """The promises of one collection about its vectors.

    Args:
        table: The collection, by its name in `schemas.TABLES`.
        meaning: The payload that differs where contents differ.
        score: The payload that its vectors are expected to bear out.
        time: When a point was made; without it nothing is said of drift.

    >>> [promise.rule for promise in about_vectors("trading_patterns", meaning="pattern_type", score="success_rate")]
    ['has_direction(vector)', 'belongs_here(vector)', 'vector_says_the_score(success_rate)', \
'one_meaning_a_vector(pattern_type)']
    """
    promises = (
        Detect(
            rule="has_direction(vector)",
            find=lambda picture: faulty_norms(picture.frame(table), key=_KEY, vector=_VECTOR),
            columns=(_VECTOR,),
            severity="warning",
            notes="A vector without direction is like everything and nothing; searches return it by chance. A text "
            "without a word has none honestly.",
            needs=(table,),
        ),
        Detect(
            rule="belongs_here(vector)",
            find=lambda picture: strangers(picture.frame(table), key=_KEY, vector=_VECTOR),
            columns=(_VECTOR,),
            severity="warning",
            notes="Searches miss what was embedded by another model, or cut or padded to fit.",
            needs=(table,),
        ),
        Detect(
            rule=f"vector_says_the_score({score})",
            find=lambda picture: contradicting_scores(picture.frame(table), key=_KEY, vector=_VECTOR, score=score),
            columns=(_VECTOR, score),
            severity="warning",
            notes="A score that its own vector contradicts was written beside the wrong text.",
            needs=(table,),
        ),
        Detect(
            rule=f"one_meaning_a_vector({meaning})",
            find=lambda picture: copies(picture.frame(table), key=_KEY, vector=_VECTOR, meaning=meaning),
            columns=(_VECTOR, meaning),
            severity="warning",
            notes="Different contents cannot be told apart when they share a vector; one embedding was written "
            "many times.",
            needs=(table,),
        ),
    )
    return promises if time is None else (*promises, _no_drift(table, time, score))


def _no_drift(table: str, time: str, score: str) -> Detect:
    """Weeks that can be compared with the weeks before."""
    return Detect(
        rule="no_drift(vector)",
        find=lambda picture: drifting_weeks(picture.frame(table), time=time, vector=_VECTOR, score=score),
        columns=(_VECTOR, time),
        severity="warning",
        notes="This week cannot be compared with the last: the model, or the world, has changed.",
        needs=(table,),
    )
