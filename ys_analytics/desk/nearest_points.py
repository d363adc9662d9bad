"""Points of a Qdrant collection that are nearest to a point, a vector or a text.

Depends on the declared collections, and on fastembed where a text is given. Does not know how a collection is read: a
source gives the points, and the scores are computed here, the same for a run and for the live store.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import polars as pl

from ys_analytics.errors import UsageError
from ys_analytics.schemas import TABLES, Collection, Column, unknown_name

if TYPE_CHECKING:
    from ys_analytics.desk.sources import Source

# Condition by field: a value, a list of values, or a range of two ends, each of which may be None.
Conditions = Mapping[str, object]

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

# Points beyond the limit that a store is asked for, so that its rounding decides nothing.
_EXTRA_POINTS = 16
_RANGE_ENDS = 2


def similar(
    source: "Source",
    collection: str,
    *,
    to: str | Sequence[float],
    where: Conditions | None = None,
    limit: int = 10,
    model: str = "",
) -> pl.DataFrame:
    """The nearest points of a collection; what it takes and gives is what `ys.similar` says.

    Raises:
        UsageError: there is no such collection, field or point, or the vector or text cannot be compared with it.
        StoreError: the live store refused us or went away.
    """
    table = _collection(collection)
    conditions = dict(where or {})
    condition = _condition(table, conditions)
    if limit < 1:
        raise UsageError(f"similar: limit={limit}; ask for at least one point")
    point_id = to.lower() if isinstance(to, str) and _ID.fullmatch(to) else None
    vector = _vector(source, table, to, point_id=point_id, model=model)
    asked_for = limit + _EXTRA_POINTS + (point_id is not None)
    points = source.nearest(table, vector, limit=asked_for, where=_alternatives(table, conditions)).filter(condition)
    if point_id is not None:
        points = points.filter(pl.col("id") != point_id)
    scored = points.with_columns(score=pl.Series(cosine(points["vector"], vector), dtype=pl.Float64))
    nearest = scored.sort("score", "id", descending=[True, False]).head(limit)
    return nearest.select("score", *(name for name in table.schema if name != "vector"))


def cosine(vectors: pl.Series, vector: Sequence[float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The cosine of the angle between each vector and one other; 0 for a vector without direction.

    >>> cosine(pl.Series([[1.0, 0.0], [3.0, 4.0]], dtype=pl.Array(pl.Float32, 2)), [2.0, 0.0]).tolist()
    [1.0, 0.6]
    """
    other = np.asarray(vector, np.float64)
    if not vectors.len():
        return np.empty(0, np.float64)
    rows = vectors.to_numpy().astype(np.float64).reshape(vectors.len(), other.size)
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(other)
    scores: np.ndarray[Any, np.dtype[np.float64]] = np.zeros(len(rows))
    np.divide(rows @ other, lengths, out=scores, where=lengths > 0)
    return scores


def _collection(name: str) -> Collection:
    known = {table.name: table for table in TABLES.values() if isinstance(table, Collection)}
    if name not in known:
        raise unknown_name(name, known, what="collection", listed="`ys catalog`")
    return known[name]


def _vector(
    source: "Source", table: Collection, to: str | Sequence[float], *, point_id: str | None, model: str
) -> list[float]:
    """The vector to search near: a point's, a text's embedding, or the given one.

    Raises:
        UsageError: there is no such point, or the numbers are no vector of the collection.
    """
    if point_id is not None:
        points = source.rows(table.name, where=pl.col("id") == point_id)
        if points.is_empty():
            raise UsageError(f"similar: {table.name} has no point {point_id}; `ys.load({table.name!r})` has their ids")
        return cast("list[float]", points["vector"][0].to_list())
    if isinstance(to, str):
        return _embedded(to, table, model)
    numbers = [float(number) for number in to]
    if len(numbers) != table.size:
        raise UsageError(f"similar: a vector of {len(numbers)} numbers; those of {table.name} have {table.size}")
    if not all(map(math.isfinite, numbers)) or not any(numbers):
        raise UsageError("similar: the vector is zero, or holds NaN or an infinity; it has no direction")
    return numbers


def _embedded(text: str, table: Collection, model: str) -> list[float]:
    """A text as a vector of the collection.

    Raises:
        UsageError: the extra is not installed, no model is named, or it gives vectors of another size.
    """
    try:
        from fastembed import TextEmbedding  # type: ignore[import-not-found] # an extra
    except ImportError:
        raise UsageError(
            "similar: a text needs the extra for embeddings, pip install 'ys-analytics[embeddings]'; or give an id or a"
            " vector"
        ) from None
    if not model:
        raise UsageError(
            f"similar: name the model that {table.name} was embedded with, model='...'; one of another means nothing"
        )
    sizes = {str(known["model"]): int(known["dim"]) for known in TextEmbedding.list_supported_models()}
    if model not in sizes:
        raise unknown_name(
            model, sizes, what="model of fastembed", listed="`fastembed.TextEmbedding.list_supported_models()`"
        )
    if sizes[model] != table.size:
        fitting = ", ".join(name for name, size in sizes.items() if size == table.size) or "none"
        raise UsageError(
            f"similar: {model!r} gives vectors of {sizes[model]} numbers; those of {table.name} have {table.size}, as"
            f" have those of {fitting}"
        )
    (vector,) = _downloaded(TextEmbedding, model).embed([text])
    return [float(number) for number in vector]


def _downloaded(embedding: Any, model: str) -> Any:
    """The model, where it is on this machine: a question downloads nothing.

    Raises:
        UsageError: it is not.
    """
    from loguru import logger  # type: ignore[import-not-found] # fastembed logs by it what the error says too

    logger.disable("fastembed")
    try:
        return embedding(model, local_files_only=True)
    except Exception as error:  # whatever stops a model
        download = f'python -c "from fastembed import TextEmbedding; TextEmbedding({model!r})"'
        raise UsageError(
            f"similar: the model {model!r} is not on this machine; download it once with {download}, into the folder"
            " that FASTEMBED_CACHE_PATH names"
        ) from error
    finally:
        logger.enable("fastembed")


def _condition(table: Collection, conditions: Conditions) -> pl.Expr:
    """The points that are wanted, as an expression over the declared columns.

    Raises:
        UsageError: there is no such field, or it cannot be compared with what is given.
    """
    columns = {column.name: column for column in table.columns if column.name not in {"id", "vector"}}
    parts = [pl.lit(value=True)]
    for name, value in conditions.items():
        if name not in columns:
            raise unknown_name(name, columns, what=f"field of {table.name}", listed="`ys catalog`")
        parts.append(_compared(columns[name], value))
    return pl.all_horizontal(parts)


def _compared(column: Column, value: object) -> pl.Expr:
    field = pl.col(column.name)
    if isinstance(value, tuple):
        low, high = _ends(column, value)
        parts = [pl.lit(value=True)]
        parts += [field >= _literal(column, low)] if low is not None else []
        parts += [field <= _literal(column, high)] if high is not None else []
        return pl.all_horizontal(parts)
    values = [_literal(column, item) for item in (value if isinstance(value, list) else [value])]
    if isinstance(column.dtype, pl.List):
        return pl.any_horizontal(pl.lit(value=False), *(field.list.contains(item) for item in values))
    return pl.any_horizontal(pl.lit(value=False), *(field == item for item in values))


def _ends(column: Column, value: tuple[object, ...]) -> tuple[object, object]:
    """The two ends of a range.

    Raises:
        UsageError: it has not two, or the field has no order.
    """
    if len(value) != _RANGE_ENDS or not (column.dtype.is_numeric() or column.dtype.is_temporal()):
        raise UsageError(f"similar: {column.name}={value!r}; a range is (low, high) of a number or a time")
    return value[0], value[1]


def _literal(column: Column, value: object) -> pl.Expr:
    """A value of the field's type.

    Raises:
        UsageError: it is of another.
    """
    if isinstance(column.dtype, pl.Datetime):
        return pl.lit(_moment(column, value), dtype=column.dtype)
    text = isinstance(column.dtype, pl.String | pl.List)
    if text != isinstance(value, str) or isinstance(value, bool) or not isinstance(value, str | int | float):
        kind = "a text" if text else "a number"
        raise UsageError(f"similar: {column.name}={value!r}; it is compared with {kind}")
    return pl.lit(value)


def _moment(column: Column, value: object) -> datetime:
    """A moment: a datetime with a zone, a day's beginning in UTC, or either as ISO-8601 text.

    Raises:
        UsageError: it is none.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = None
    if isinstance(moment, datetime):
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if isinstance(moment, date):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    raise UsageError(f"similar: {column.name}={value!r}; write a day or a moment, such as '2026-11-16'")


def _alternatives(table: Collection, conditions: Conditions) -> list[list[tuple[str, str, object]]]:
    """The same conditions as field, operator and value: of each inner list one must hold."""
    columns = {column.name: column for column in table.columns}

    def plain(name: str, value: object) -> object:
        moment = isinstance(columns[name].dtype, pl.Datetime)
        return _moment(columns[name], value).timestamp() if moment else value

    alternatives: list[list[tuple[str, str, object]]] = []
    for name, value in conditions.items():
        if isinstance(value, tuple):
            ends = zip((">=", "<="), value, strict=True)
            alternatives += [[(name, sign, plain(name, end))] for sign, end in ends if end is not None]
        else:
            alternatives.append(
                [(name, "=", plain(name, item)) for item in (value if isinstance(value, list) else [value])]
            )
    return alternatives
