"""Ids, addresses, hashes and random numbers, each derived from the seed alone.

Nothing here reads a clock or the operating system's randomness: the same words give the same id on
every machine. Assets, pools and contracts do not depend on the seed, portfolios and rows do.
"""

import hashlib
from uuid import UUID, uuid5
from zlib import crc32

import numpy as np
import polars as pl

_NAMESPACE = UUID("6f6f4b1e-5d0c-5b7e-9d5e-2b1f8d0a7c11")


def name_id(*words: object) -> str:
    """The UUID derived from these words.

    >>> name_id("asset", "BTC", None)
    'ab1d5c40-7b96-5788-96c7-5d6b88a4a1e8'
    """
    return str(uuid5(_NAMESPACE, "/".join(str(word) for word in words)))


def address(*words: object) -> str:
    """A contract address derived from these words; it is of no real contract."""
    return "0x" + _digest(*words)[:40]


def fake_hash(*words: object) -> str:
    """A SHA-256 of the words, in place of a secret."""
    return _digest(*words)


def random_generator(seed: int, subject: str) -> np.random.Generator:
    """A random generator for one subject; draws of one subject do not change those of another."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(subject.encode())])))


def row_ids(seed: int, subject: str, count: int) -> pl.Series:
    """As many UUIDs (version 4 in form) as there are rows."""
    text = _hex(seed, f"{subject} ids", count, size=16)
    parts = pl.struct(h=text).struct.field("h")
    return (
        text.to_frame("h")
        .select(
            pl.concat_str(
                parts.str.slice(0, 8), pl.lit("-"), parts.str.slice(8, 4), pl.lit("-4"), parts.str.slice(13, 3),
                pl.lit("-8"), parts.str.slice(17, 3), pl.lit("-"), parts.str.slice(20, 12),
            ).alias("id")
        )
        .to_series()
    )  # fmt: skip


def transaction_hashes(seed: int, subject: str, count: int) -> pl.Series:
    """As many transaction hashes, `0x` and 64 digits, as there are rows."""
    return ("0x" + _hex(seed, f"{subject} hashes", count, size=32)).alias("transaction_hash")


def _hex(seed: int, subject: str, count: int, *, size: int) -> pl.Series:
    raw = random_generator(seed, subject).bytes(count * size).hex()
    return pl.Series("h", [raw[2 * size * row : 2 * size * (row + 1)] for row in range(count)], dtype=pl.String)


def _digest(*words: object) -> str:
    return hashlib.sha256("/".join(str(word) for word in words).encode()).hexdigest()
