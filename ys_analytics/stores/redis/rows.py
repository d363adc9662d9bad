"""Makes rows of the server's answers: every key once, every text checked.

Depends on chunks and columns. Does not ask a server.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from ys_analytics.stores.common.packed_strings import Numbers, PackedStrings, numbers
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.redis.script import KINDS, Chunk, Kind

_NO_EXPIRY = -1


def merge_parts(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Parts of one read as one frame; of a key that is in several, the last is the newest."""
    frame = pl.concat(parts)
    if sum(part["key"].n_unique() for part in parts) == frame["key"].n_unique():
        return frame
    numbered = pl.concat(part.with_columns(look=pl.lit(index)) for index, part in enumerate(parts))
    return numbered.filter(pl.col("look") == pl.col("look").max().over("key")).drop("look")


def build(chunks: Sequence[Chunk], kind: Kind, *, prefix: str, rejects: RejectPolicy) -> pl.DataFrame:
    """The rows of some chunks, of every key once, in the order of the chunks.

    Raises:
        ContractError: something does not fit, and no quarantine was asked for.
    """
    shape = KINDS[kind]
    _refuse_other_types(chunks, kind, prefix, rejects)
    keys = PackedStrings(_joined(chunks, "keys"), _numbers(chunks, "key_lengths"))
    counts = _numbers(chunks, "counts")
    owner = np.repeat(np.arange(len(counts)), counts)
    first = PackedStrings(_joined(chunks, "first"), _numbers(chunks, "first_lengths"))
    second = PackedStrings(_joined(chunks, "second"), _numbers(chunks, "second_lengths"))
    rows = {
        "key": keys.column.str.strip_prefix(prefix).gather(owner),
        "ttl_ms": pl.Series(_numbers(chunks, "ttls"), dtype=pl.Int64).gather(owner),
        "position": _positions(counts),
        shape.first: first.column,
        shape.second: second.column,
    }
    valid_rows = _is_last_seen(keys)[owner]
    valid_rows &= _is_valid_text({"key": keys}, keys, np.arange(len(counts)), prefix, rejects)[owner]
    valid_rows &= _is_valid_text({shape.first: first, shape.second: second}, keys, owner, prefix, rejects)
    frame = pl.DataFrame({name: rows[name] for name in ("key", "ttl_ms", *shape.columns)})
    frame = frame.filter(pl.Series(valid_rows)).with_columns(pl.col("ttl_ms").replace(_NO_EXPIRY, None))
    return _scored(frame, rejects) if shape.second == "score" else frame


def _refuse_other_types(chunks: Sequence[Chunk], kind: Kind, prefix: str, rejects: RejectPolicy) -> None:
    """Refuse keys that match the pattern and hold another type, each once."""
    mistyped = PackedStrings(_joined(chunks, "mistyped"), _numbers(chunks, "mistyped_lengths"))
    types = b" ".join(filter(None, (chunk.types for chunk in chunks))).decode("ascii").split()
    type_by_key = {mistyped.text_bytes(index): other_type for index, other_type in enumerate(types)}
    for key, other_type in type_by_key.items():
        rejects.refuse(column="key", found=other_type, expected=f"a {kind}", key={"key": _key_text(key, prefix)})


def _is_last_seen(keys: PackedStrings) -> npt.NDArray[np.bool_]:
    """Whether each key is the last of its name: SCAN may give one twice, and the later is the newer."""
    return np.array((keys.column.is_last_distinct() | keys.column.is_null()).to_numpy(), np.bool_)


def _is_valid_text(
    texts: dict[str, PackedStrings], keys: PackedStrings, owner: Numbers, prefix: str, rejects: RejectPolicy
) -> npt.NDArray[np.bool_]:
    """Which rows are text throughout; the others are refused, named by their key."""
    valid = np.ones(len(owner), np.bool_)
    for column, column_texts in texts.items():
        for index in column_texts.invalid:
            valid[index] = False
            name = _key_text(keys.text_bytes(int(owner[index])), prefix)
            rejects.refuse(
                column=column, found=column_texts.text_bytes(index), expected="UTF-8 text", key={"key": name}
            )
    return valid


def _scored(frame: pl.DataFrame, rejects: RejectPolicy) -> pl.DataFrame:
    """Scores as numbers; one that is infinite is refused."""
    read = frame.with_columns(pl.col("score").cast(pl.Float64))
    for key, member, score in frame.filter(~read["score"].is_finite()).select("key", "member", "score").iter_rows():
        rejects.refuse(column="score", found=score, expected="a finite number", key={"key": key, "member": member})
    return read.filter(pl.col("score").is_finite())


def _positions(counts: Numbers) -> pl.Series:
    """0, 1, 2, … within each key."""
    starts = np.cumsum(counts) - counts
    return pl.Series(np.arange(counts.sum()) - np.repeat(starts, counts), dtype=pl.UInt32)


def _joined(chunks: Sequence[Chunk], field: str) -> bytes:
    return b"".join(getattr(chunk, field) for chunk in chunks)


def _numbers(chunks: Sequence[Chunk], field: str) -> Numbers:
    return numbers(_joined(chunks, field))


def _key_text(key: bytes, prefix: str) -> str:
    return key.decode("utf-8", "backslashreplace").removeprefix(prefix)
