"""Embeddings without direction, shared by two contents, unlike all others, or drifting.

Depends on the vectors of one collection. Does not compute an embedding or know a model. Works in NumPy on the frame's
own memory, in blocks, so that memory stays small.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float32]

_NORM_TOLERANCE = 0.01
# Vectors from which likeness is checked; more would not change the result.
_MIN_VECTORS, _MAX_COMPARED = 30, 2000
_BLOCK = 512
# Robust deviations below the usual similarity to the nearest neighbour from which a vector is an outlier.
_MIN_DISTANCE = 6.0
_MIN_DRIFT = 6.0
_MIN_DRIFT_SIZE = 0.05
_MIN_WEEKS = 6
# The share of the scores that vectors must explain before they are believed against one, the usual deviations and
# the share of all scores' spread by which they must differ, and how the vectors that agree are found.
_MIN_EXPLAINED, _MIN_CONTRADICTION, _MIN_CONTRADICTION_SHARE = 0.3, 5.0, 0.4
_TRUSTED_SHARE, _ROUNDS = 0.7, 6


def faulty_norms(frame: pl.DataFrame, *, key: Sequence[str], vector: str) -> pl.DataFrame:
    """Vectors without direction (zero, NaN, infinite), or not of the unit length the collection rules.

    >>> points = pl.DataFrame(
    ...     {"id": ["a", "b"], "v": [[0.6, 0.8], [0.0, 0.0]]}, schema_overrides={"v": pl.Array(pl.Float32, 2)}
    ... )
    >>> faulty_norms(points, key=["id"], vector="v")["said"].to_list()
    ['has no direction: its length is 0.0']
    """
    if frame.is_empty():
        return frame.select(*key)
    length = np.linalg.norm(_matrix(frame, vector).astype(np.float64), axis=1)
    faulty = pl.col("_length").is_finite().not_() | ((pl.col("_length") - 1).abs() > _NORM_TOLERANCE)
    kind = pl.when((pl.col("_length") < 1e-6) | pl.col("_length").is_finite().not_()).then(pl.lit("has no direction"))  # noqa: PLR2004
    return (
        frame.select(*key)
        .with_columns(_length=pl.Series(length))
        .filter(faulty)
        .sort(*key)
        .select(
            *key,
            said=pl.format(
                "{}: its length is {}", kind.otherwise(pl.lit("is not of unit length")), pl.col("_length").round(4)
            ),
        )
    )  # fmt: skip


def duplicate_vectors(frame: pl.DataFrame, *, key: Sequence[str], vector: str, content: str) -> pl.DataFrame:
    """Vectors that stand for two different contents, bit for bit.

    >>> v = pl.Series([[0.6, 0.8], [0.6, 0.8], [1.0, 0.0]], dtype=pl.Array(pl.Float32, 2))
    >>> duplicate_vectors(
    ...     pl.DataFrame({"id": ["a", "b", "c"], "v": v, "text": ["x", "y", "z"]}),
    ...     key=["id"],
    ...     vector="v",
    ...     content="text",
    ... ).height
    2
    """
    return (
        frame.lazy()
        .with_columns(_vector=pl.col(vector).hash())
        .with_columns(_meanings=pl.col(content).n_unique().over("_vector"))
        .filter(pl.col("_meanings") > 1)
        .sort(*key)
        .select(*key, content, said=pl.format("shares its vector with {} other contents", pl.col("_meanings") - 1))
        .collect()
    )


def outlying_vectors(frame: pl.DataFrame, *, key: Sequence[str], vector: str) -> pl.DataFrame:
    """Vectors unlike all others of their collection: written by another model, cut, padded, or of another collection.

    Each vector's similarity to its nearest neighbour is compared with that of all; an outlier is six robust
    deviations less similar than usual. Vectors whose last third is empty were padded from a smaller model.
    """
    vectors = _unit(_matrix(frame, vector)) if frame.height else np.zeros((0, 1), dtype=np.float32)
    if len(vectors) < _MIN_VECTORS:
        return frame.head(0).select(*key)
    others = vectors[:: max(1, len(vectors) // _MAX_COMPARED)]
    nearest = np.concatenate(
        [_nearest(vectors[start : start + _BLOCK], others) for start in range(0, len(vectors), _BLOCK)]
    )
    # Fisher's transform makes likenesses comparable at both ends.
    transformed = np.arctanh(np.clip(nearest, -0.999999, 0.999999))
    median = np.median(transformed)
    spread = max(1.4826 * float(np.median(np.abs(transformed - median))), 0.02)
    tail_length = max(1, vectors.shape[1] // 3)
    padded = np.abs(vectors[:, -tail_length:]).max(axis=1) == 0
    return (
        frame.select(*key)
        .with_columns(
            _near=pl.Series(nearest), _far=pl.Series((median - transformed) / spread), _padded=pl.Series(padded)
        )
        .filter((pl.col("_far") > _MIN_DISTANCE) | pl.col("_padded"))
        .sort("_far", *key, descending=[True, *[False] * len(key)])
        .select(
            *key,
            said=pl.when("_padded")
            .then(pl.lit("is padded: its last third is empty"))
            .otherwise(pl.format("is unlike all others: its highest similarity is only {}", pl.col("_near").round(3))),
        )
    )


def drifting_weeks(frame: pl.DataFrame, *, time: str, vector: str, score: str) -> pl.DataFrame:
    """Weeks whose mean direction has left that of the weeks before, far beyond how weeks usually differ.

    The direction along which vectors carry their score is left out: a week of gloom says other things than a week
    of joy, and its model has not changed.

    Args:
        frame: Points of one collection.
        time: When a point was made.
        vector: Its vector.
        score: What its payload claims of it.

    >>> schema = {"at": pl.Datetime("us", "UTC"), "v": pl.Array(pl.Float32, 2), "score": pl.Float64}
    >>> drifting_weeks(pl.DataFrame(schema=schema), time="at", vector="v", score="score").height
    0
    """
    no_rows = pl.DataFrame(schema={"week": pl.Date, "said": pl.String})
    if frame.is_empty():
        return no_rows
    rows = frame.with_columns(_week=pl.col(time).dt.date().dt.truncate("1w")).sort("_week")
    weeks = rows.get_column("_week").unique().sort()
    if weeks.len() < _MIN_WEEKS:
        return no_rows
    vectors, week_of_row = _unit(_matrix(rows, vector)).astype(np.float64), rows.get_column("_week").to_numpy()
    vectors = _without_score_direction(vectors, rows.get_column(score).cast(pl.Float64).to_numpy())
    sums = np.stack([vectors[week_of_row == week].sum(axis=0) for week in weeks.to_numpy()])
    counts = np.array([(week_of_row == week).sum() for week in weeks.to_numpy()])
    median_direction = np.median(sums / counts[:, None], axis=0)
    # The mean of n vectors strays by chance with the root of n: compare each week with what its size allows.
    distance = np.linalg.norm(sums / counts[:, None] - median_direction, axis=1)
    scaled_distance = distance * np.sqrt(counts)
    usual = float(np.median(scaled_distance))
    spread = max(1.4826 * float(np.median(np.abs(scaled_distance - usual))), 0.05 * usual)
    deviations = (scaled_distance - usual) / spread
    return (
        pl.DataFrame({"week": weeks, "_far": deviations, "_away": distance})
        .filter((pl.col("_far") > _MIN_DRIFT) & (pl.col("_away") > _MIN_DRIFT_SIZE))
        .sort("_far", descending=True)
        .select(
            "week",
            said=pl.format(
                "its mean direction moved by {}, {} times the usual", pl.col("_away").round(3), pl.col("_far").round(1)
            ),
        )
    )  # fmt: skip


def _without_score_direction(
    vectors: npt.NDArray[np.float64], claimed: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The vectors without their part along the direction in which they carry what is claimed."""
    known = np.isfinite(claimed)
    centred = np.where(known, claimed - claimed[known].mean(), 0.0) if known.any() else np.zeros_like(claimed)
    summed = centred @ vectors
    length = float(np.linalg.norm(summed))
    if length < 1e-9:  # noqa: PLR2004 - no score, or one for all
        return vectors
    direction = summed / length
    remainder: npt.NDArray[np.float64] = vectors - np.outer(vectors @ direction, direction)
    return remainder


def _matrix(frame: pl.DataFrame, vector: str) -> Floats:
    """The vectors as rows of one matrix; a missing vector is all NaN."""
    column = frame.get_column(vector)
    size = column.dtype.size if isinstance(column.dtype, pl.Array) else 0
    flat = (
        column.fill_null([float("nan")] * size).explode().to_numpy()
        if column.null_count()
        else column.explode().to_numpy()
    )
    return np.asarray(flat, dtype=np.float32).reshape(len(column), size)


def _unit(matrix: Floats) -> Floats:
    """The same directions at length one; what has none becomes zero."""
    clean = np.nan_to_num(matrix, nan=0.0, posinf=0.0, neginf=0.0)
    length = np.linalg.norm(clean, axis=1, keepdims=True)
    unit: Floats = np.divide(clean, length, out=np.zeros_like(clean), where=length > 0)
    return unit


def _nearest(block: Floats, others: Floats) -> Floats:
    """For each vector its largest likeness to any other but itself."""
    likeness = block @ others.T
    likeness[likeness > 0.9999999] = -1.0  # noqa: PLR2004 - itself, or a copy, which `copies` reports
    nearest: Floats = likeness.max(axis=1)
    return nearest


def contradicting_scores(frame: pl.DataFrame, *, key: Sequence[str], vector: str, score: str) -> pl.DataFrame:
    """Vectors that contradict the score stored with them, where the collection's vectors carry that score.

    The direction scores lie along is learnt from the seven in ten that agree best, each vector left out of the
    direction it is checked by. Where it explains little of the scores the vectors do not carry them, and nothing
    is said. A vector whose score is the usual one says little either way, and may be missed.
    """
    known = frame.filter(pl.col(score).is_not_null() & pl.col(score).is_finite())
    if known.height < _MIN_VECTORS:
        return frame.head(0).select(*key, score)
    vectors = _unit(_matrix(known, vector)).astype(np.float64)
    claimed = known.get_column(score).to_numpy().astype(np.float64)
    trusted = np.ones(len(claimed), dtype=np.bool_)
    for _ in range(_ROUNDS):
        error = np.abs(claimed - _scores_from_vectors(vectors, claimed, trusted))
        trusted = error <= np.quantile(error, _TRUSTED_SHARE)
    trusted = error <= 4 * 1.4826 * float(np.median(error))
    implied = _scores_from_vectors(vectors, claimed, trusted)
    error = np.abs(claimed - implied)
    usual = 1.4826 * float(np.median(error[trusted]))
    spread = float(claimed.std())
    explained = 1 - float((claimed - implied)[trusted].var()) / max(float(claimed[trusted].var()), 1e-12)
    return (
        known.select(*key, score)
        .with_columns(_off=pl.Series(error / max(usual, 1e-9)), _heard=pl.Series(implied))
        .filter(
            (pl.col("_off") > _MIN_CONTRADICTION)
            & pl.lit(explained > _MIN_EXPLAINED)
            & pl.Series(error > _MIN_CONTRADICTION_SHARE * spread)
        )
        .sort("_off", *key, descending=[True, *[False] * len(key)])
        .select(
            *key,
            score,
            said=pl.format("is {}, but its vector suggests {}", pl.col(score).round(2), pl.col("_heard").round(2)),
        )
    )


def _scores_from_vectors(
    vectors: npt.NDArray[np.float64], claimed: npt.NDArray[np.float64], trusted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """The score that each vector implies, by the direction along which the trusted ones carry theirs."""
    centred = claimed - np.median(claimed[trusted])
    projection = vectors @ (vectors[trusted].T @ centred[trusted])
    projection[trusted] -= (vectors[trusted] ** 2).sum(axis=1) * centred[trusted]
    mean_projection, mean_score = projection[trusted].mean(), claimed[trusted].mean()
    centred_projection = projection[trusted] - mean_projection
    slope = float(
        centred_projection
        @ (claimed[trusted] - mean_score)
        / max(float(centred_projection @ centred_projection), 1e-12)
    )
    implied: npt.NDArray[np.float64] = mean_score + slope * (projection - mean_projection)
    return implied
