"""From what the server answered to rows: every key once, every text checked.

Knows chunks and columns; asks nothing of a server.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from ys_analytics.stores.common.packed_strings import Numbers, PackedStrings, numbers
from ys_analytics.stores.common.quarantine import RejectPolicy
from ys_analytics.stores.redis.script import KINDS, Chunk, Kind

_STAYS = -1


def whole(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Parts of one read as one frame; of a key that is in several, the last is the newest."""
    frame = pl.concat(parts)
    if sum(part["key"].n_unique() for part in parts) == frame["key"].n_unique():
        return frame
    looked = pl.concat(part.with_columns(look=pl.lit(place)) for place, part in enumerate(parts))
    return looked.filter(pl.col("look") == pl.col("look").max().over("key")).drop("look")


def build(chunks: Sequence[Chunk], kind: Kind, *, prefix: str, refusals: RejectPolicy) -> pl.DataFrame:
    """The rows of some chunks, of every key once, in the order of the chunks.

    Raises:
        ContractError: something does not fit, and no quarantine was asked for.
    """
    shape = KINDS[kind]
    _refuse_strange(chunks, kind, prefix, refusals)
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
    kept = _last_seen(keys)[owner]
    kept &= _sound({"key": keys}, keys, np.arange(len(counts)), prefix, refusals)[owner]
    kept &= _sound({shape.first: first, shape.second: second}, keys, owner, prefix, refusals)
    frame = pl.DataFrame({name: rows[name] for name in ("key", "ttl_ms", *shape.columns)})
    frame = frame.filter(pl.Series(kept)).with_columns(pl.col("ttl_ms").replace(_STAYS, None))
    return _scored(frame, refusals) if shape.second == "score" else frame


def _refuse_strange(chunks: Sequence[Chunk], kind: Kind, prefix: str, refusals: RejectPolicy) -> None:
    """Refuse keys that match the pattern and hold another type, each once."""
    strange = PackedStrings(_joined(chunks, "strange"), _numbers(chunks, "strange_lengths"))
    types = b" ".join(filter(None, (chunk.types for chunk in chunks))).decode("ascii").split()
    found = {strange.at(place): other for place, other in enumerate(types)}
    for key, other in found.items():
        refusals.refuse(column="key", found=other, expected=f"a {kind}", key={"key": _named(key, prefix)})


def _last_seen(keys: PackedStrings) -> npt.NDArray[np.bool_]:
    """Which keys to believe: SCAN may give one twice, and the later look is the newer."""
    return np.array((keys.column.is_last_distinct() | keys.column.is_null()).to_numpy(), np.bool_)


def _sound(
    texts: dict[str, PackedStrings], keys: PackedStrings, owner: Numbers, prefix: str, refusals: RejectPolicy
) -> npt.NDArray[np.bool_]:
    """Which rows are text throughout; the others are refused, named by their key."""
    sound = np.ones(len(owner), np.bool_)
    for column, column_texts in texts.items():
        for place in column_texts.unsound:
            sound[place] = False
            name = _named(keys.at(int(owner[place])), prefix)
            refusals.refuse(column=column, found=column_texts.at(place), expected="UTF-8 text", key={"key": name})
    return sound


def _scored(frame: pl.DataFrame, refusals: RejectPolicy) -> pl.DataFrame:
    """Scores as numbers; one that is infinite is refused."""
    read = frame.with_columns(pl.col("score").cast(pl.Float64))
    for key, member, score in frame.filter(~read["score"].is_finite()).select("key", "member", "score").iter_rows():
        refusals.refuse(column="score", found=score, expected="a finite number", key={"key": key, "member": member})
    return read.filter(pl.col("score").is_finite())


def _positions(counts: Numbers) -> pl.Series:
    """0, 1, 2, … within each key."""
    starts = np.cumsum(counts) - counts
    return pl.Series(np.arange(counts.sum()) - np.repeat(starts, counts), dtype=pl.UInt32)


def _joined(chunks: Sequence[Chunk], run: str) -> bytes:
    return b"".join(getattr(chunk, run) for chunk in chunks)


def _numbers(chunks: Sequence[Chunk], run: str) -> Numbers:
    return numbers(_joined(chunks, run))


def _named(key: bytes, prefix: str) -> str:
    return key.decode("utf-8", "backslashreplace").removeprefix(prefix)
