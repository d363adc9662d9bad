"""Embeddings that mean nothing, mean the same twice, belong elsewhere, or have begun to drift.

Knows vectors of one collection; computes no embedding and knows no model. Works in NumPy on the frame's own
memory, in blocks, so that memory stays small.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float32]

_UNIT = 0.01
# Vectors from which likeness is checked; more would not change the result.
_ENOUGH, _LIKE = 30, 2000
_BLOCK = 512
# Deviations below the usual nearest likeness, and the likeness chance alone gives, that make a stranger.
_FAR = 6.0
_DRIFT_FAR = 6.0
_DRIFT_LEAST = 0.05
_WEEKS = 6
# The share of the scores that vectors must explain before they are believed against one, the usual deviations and
# the share of all scores' spread by which they must differ, and how the vectors that agree are found.
_CARRIED, _CONTRARY, _LEAST_CONTRARY = 0.3, 5.0, 0.4
_AGREE, _ROUNDS = 0.7, 6


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
    off = pl.col("_length").is_finite().not_() | ((pl.col("_length") - 1).abs() > _UNIT)
    kind = pl.when((pl.col("_length") < 1e-6) | pl.col("_length").is_finite().not_()).then(pl.lit("has no direction"))  # noqa: PLR2004
    return (
        frame.select(*key)
        .with_columns(_length=pl.Series(length))
        .filter(off)
        .sort(*key)
        .select(
            *key,
            said=pl.format(
                "{}: its length is {}", kind.otherwise(pl.lit("is not of unit length")), pl.col("_length").round(4)
            ),
        )
    )  # fmt: skip


def copies(frame: pl.DataFrame, *, key: Sequence[str], vector: str, meaning: str) -> pl.DataFrame:
    """Vectors that stand for two different contents, bit for bit.

    >>> v = pl.Series([[0.6, 0.8], [0.6, 0.8], [1.0, 0.0]], dtype=pl.Array(pl.Float32, 2))
    >>> copies(
    ...     pl.DataFrame({"id": ["a", "b", "c"], "v": v, "text": ["x", "y", "z"]}),
    ...     key=["id"],
    ...     vector="v",
    ...     meaning="text",
    ... ).height
    2
    """
    return (
        frame.lazy()
        .with_columns(_vector=pl.col(vector).hash())
        .with_columns(_meanings=pl.col(meaning).n_unique().over("_vector"))
        .filter(pl.col("_meanings") > 1)
        .sort(*key)
        .select(*key, meaning, said=pl.format("shares its vector with {} other contents", pl.col("_meanings") - 1))
        .collect()
    )


def strangers(frame: pl.DataFrame, *, key: Sequence[str], vector: str) -> pl.DataFrame:
    """Vectors like no other of their collection: written by another model, cut, padded, or meant for elsewhere.

    Each vector's likeness to its nearest neighbour is held against that of all; a stranger is six robust
    deviations less alike than usual. Vectors whose last third is empty were padded from a smaller model.
    """
    whole = _unit(_matrix(frame, vector)) if frame.height else np.zeros((0, 1), dtype=np.float32)
    if len(whole) < _ENOUGH:
        return frame.head(0).select(*key)
    others = whole[:: max(1, len(whole) // _LIKE)]
    near = np.concatenate([_nearest(whole[at : at + _BLOCK], others) for at in range(0, len(whole), _BLOCK)])
    # Fisher's transform makes likenesses comparable at both ends.
    bent = np.arctanh(np.clip(near, -0.999999, 0.999999))
    usual = np.median(bent)
    spread = max(1.4826 * float(np.median(np.abs(bent - usual))), 0.02)
    third = max(1, whole.shape[1] // 3)
    padded = np.abs(whole[:, -third:]).max(axis=1) == 0
    return (
        frame.select(*key)
        .with_columns(_near=pl.Series(near), _far=pl.Series((usual - bent) / spread), _padded=pl.Series(padded))
        .filter((pl.col("_far") > _FAR) | pl.col("_padded"))
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
    nothing = pl.DataFrame(schema={"week": pl.Date, "said": pl.String})
    if frame.is_empty():
        return nothing
    rows = frame.with_columns(_week=pl.col(time).dt.date().dt.truncate("1w")).sort("_week")
    weeks = rows.get_column("_week").unique().sort()
    if weeks.len() < _WEEKS:
        return nothing
    whole, of = _unit(_matrix(rows, vector)).astype(np.float64), rows.get_column("_week").to_numpy()
    whole = _without(whole, rows.get_column(score).cast(pl.Float64).to_numpy())
    sums = np.stack([whole[of == week].sum(axis=0) for week in weeks.to_numpy()])
    counts = np.array([(of == week).sum() for week in weeks.to_numpy()])
    middle = np.median(sums / counts[:, None], axis=0)
    # The mean of n vectors strays by chance with the root of n: compare each week with what its size allows.
    strayed = np.linalg.norm(sums / counts[:, None] - middle, axis=1)
    weighed = strayed * np.sqrt(counts)
    usual = float(np.median(weighed))
    spread = max(1.4826 * float(np.median(np.abs(weighed - usual))), 0.05 * usual)
    far = (weighed - usual) / spread
    return (
        pl.DataFrame({"week": weeks, "_far": far, "_away": strayed})
        .filter((pl.col("_far") > _DRIFT_FAR) & (pl.col("_away") > _DRIFT_LEAST))
        .sort("_far", descending=True)
        .select(
            "week",
            said=pl.format(
                "its mean direction moved by {}, {} times the usual", pl.col("_away").round(3), pl.col("_far").round(1)
            ),
        )
    )  # fmt: skip


def _without(whole: npt.NDArray[np.float64], claimed: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The vectors without their part along the direction in which they carry what is claimed."""
    known = np.isfinite(claimed)
    centred = np.where(known, claimed - claimed[known].mean(), 0.0) if known.any() else np.zeros_like(claimed)
    along = centred @ whole
    length = float(np.linalg.norm(along))
    if length < 1e-9:  # noqa: PLR2004 - no score, or one for all
        return whole
    direction = along / length
    rest: npt.NDArray[np.float64] = whole - np.outer(whole @ direction, direction)
    return rest


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
    """Vectors that say another thing than the score beside them, where the collection's vectors carry that score.

    The direction scores lie along is learnt from the seven in ten that agree best, each vector left out of the
    direction it is checked by. Where it explains little of the scores the vectors do not carry them, and nothing
    is said. A vector whose score is the usual one says little either way, and may be missed.
    """
    known = frame.filter(pl.col(score).is_not_null() & pl.col(score).is_finite())
    if known.height < _ENOUGH:
        return frame.head(0).select(*key, score)
    whole = _unit(_matrix(known, vector)).astype(np.float64)
    claimed = known.get_column(score).to_numpy().astype(np.float64)
    trusted = np.ones(len(claimed), dtype=np.bool_)
    for _ in range(_ROUNDS):
        off = np.abs(claimed - _heard(whole, claimed, trusted))
        trusted = off <= np.quantile(off, _AGREE)
    trusted = off <= 4 * 1.4826 * float(np.median(off))
    heard = _heard(whole, claimed, trusted)
    off = np.abs(claimed - heard)
    usual = 1.4826 * float(np.median(off[trusted]))
    spread = float(claimed.std())
    carried = 1 - float((claimed - heard)[trusted].var()) / max(float(claimed[trusted].var()), 1e-12)
    return (
        known.select(*key, score)
        .with_columns(_off=pl.Series(off / max(usual, 1e-9)), _heard=pl.Series(heard))
        .filter((pl.col("_off") > _CONTRARY) & pl.lit(carried > _CARRIED) & pl.Series(off > _LEAST_CONTRARY * spread))
        .sort("_off", *key, descending=[True, *[False] * len(key)])
        .select(
            *key, score,
            said=pl.format("is {}, but its vector suggests {}", pl.col(score).round(2), pl.col("_heard").round(2)),
        )
    )  # fmt: skip


def _heard(
    whole: npt.NDArray[np.float64], claimed: npt.NDArray[np.float64], trusted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """The score each vector says, by the direction along which the trusted ones carry theirs."""
    centred = claimed - np.median(claimed[trusted])
    along = whole @ (whole[trusted].T @ centred[trusted])
    along[trusted] -= (whole[trusted] ** 2).sum(axis=1) * centred[trusted]
    middle, height = along[trusted].mean(), claimed[trusted].mean()
    apart = along[trusted] - middle
    slope = float(apart @ (claimed[trusted] - height) / max(float(apart @ apart), 1e-12))
    said: npt.NDArray[np.float64] = height + slope * (along - middle)
    return said
