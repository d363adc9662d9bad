"""Many texts packed as one run of bytes with their lengths, read as one column without an object per text.

Depends on bytes and lengths. Does not know a store. What is not UTF-8 is reported, never replaced.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]

Numbers = npt.NDArray[np.int64]


def numbers(data: bytes) -> Numbers:
    r"""Integers of eight bytes each, the lowest first.

    >>> numbers(b"\x03\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff").tolist()
    [3, -1]
    """
    return np.frombuffer(data, np.dtype("<i8")).astype(np.int64, copy=False)


@dataclass(frozen=True)
class PackedStrings:
    r"""Texts packed one after another.

    Args:
        data: Their bytes.
        lengths: How many bytes each has.

    >>> texts = PackedStrings(b"one\xfftwo", np.array([3, 1, 3]))
    >>> texts.column.to_list(), texts.invalid
    (['one', None, 'two'], [1])
    """

    data: bytes
    lengths: Numbers

    @cached_property
    def column(self) -> pl.Series:
        """The texts as Strings; null where a text is not UTF-8."""
        binary = self._binary
        if self.invalid:
            valid = np.ones(len(self.lengths), np.bool_)
            valid[self.invalid] = False
            binary = binary.filter(pa.array(valid)).take(pa.array(np.cumsum(valid) - 1, mask=~valid))
        return pl.Series(values=pl.from_arrow(binary.cast(pa.large_string())), dtype=pl.String)

    @cached_property
    def invalid(self) -> list[int]:
        """Which texts are not UTF-8."""
        try:
            self.data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            # sound as a whole is sound in its parts only if no part begins inside a character
            starts = self._offsets[:-1][self.lengths > 0]
            inside = np.frombuffer(self.data, np.uint8)[starts] & 0xC0 == 0x80  # noqa: PLR2004 - 10xxxxxx goes on
            if not inside.any():
                return []
        return [index for index in range(len(self.lengths)) if not _is_text(self.text_bytes(index))]

    def text_bytes(self, index: int) -> bytes:
        """One text as it was stored."""
        return self.data[self._offsets[index] : self._offsets[index + 1]]

    @cached_property
    def _offsets(self) -> Numbers:
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.lengths)])

    @property
    def _binary(self) -> pa.LargeBinaryArray:
        buffers = [None, pa.py_buffer(self._offsets.tobytes()), pa.py_buffer(self.data)]
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(self.lengths), buffers)


def _is_text(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
