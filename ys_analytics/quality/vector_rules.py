"""The rules about vectors that every collection of embeddings shares.

Depends on the detectors of embeddings. Does not know a collection by name.
"""

from ys_analytics.quality.detectors.embeddings import (
    contradicting_scores,
    drifting_weeks,
    duplicate_vectors,
    faulty_norms,
    outlying_vectors,
)
from ys_analytics.quality.suite_types import Detector

_KEY, _VECTOR = ("id",), "vector"


def vector_rules(table: str, *, content: str, score: str, time: str | None = None) -> tuple[Detector, ...]:
    """The rules of one collection about its vectors.

    Args:
        table: The collection, by its name in `schemas.TABLES`.
        content: The payload that differs where contents differ.
        score: The payload that its vectors are expected to bear out.
        time: When a point was made; without it nothing is said of drift.

    >>> [rule.rule for rule in vector_rules("trading_patterns", content="pattern_type", score="success_rate")]
    ['has_direction(vector)', 'from_the_same_model(vector)', 'score_agrees_with_vector(success_rate)', \
'one_content_per_vector(pattern_type)']
    """
    rules = (
        Detector(
            rule="has_direction(vector)",
            find=lambda snapshot: faulty_norms(snapshot.frame(table), key=_KEY, vector=_VECTOR),
            columns=(_VECTOR,),
            severity="warning",
            notes=(
                "A zero vector is equally similar to everything, so searches return it arbitrarily. A text without any "
                "words legitimately has one."
            ),
            needs=(table,),
        ),
        Detector(
            rule="from_the_same_model(vector)",
            find=lambda snapshot: outlying_vectors(snapshot.frame(table), key=_KEY, vector=_VECTOR),
            columns=(_VECTOR,),
            severity="warning",
            notes="Searches miss records embedded by another model, or whose vector was cut or padded.",
            needs=(table,),
        ),
        Detector(
            rule=f"score_agrees_with_vector({score})",
            find=lambda snapshot: contradicting_scores(snapshot.frame(table), key=_KEY, vector=_VECTOR, score=score),
            columns=(_VECTOR, score),
            severity="warning",
            notes="A score contradicts its vector, so it was probably stored with the wrong text.",
            needs=(table,),
        ),
        Detector(
            rule=f"one_content_per_vector({content})",
            find=lambda snapshot: duplicate_vectors(snapshot.frame(table), key=_KEY, vector=_VECTOR, content=content),
            columns=(_VECTOR, content),
            severity="warning",
            notes=(
                "Different contents share one vector, so searches cannot distinguish them. One embedding was probably "
                "written many times."
            ),
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
        notes=(
            "This week's records cannot be compared with earlier weeks, because the embedding model or the content has "
            "changed."
        ),
        needs=(table,),
    )
