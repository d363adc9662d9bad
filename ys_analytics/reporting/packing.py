"""Text made small inside a page: gzip in base 85, which `html/unpack.js` reads.

Depends on the standard library. The same text gives the same bytes.
"""

import base64
import gzip

# The three letters that mean something to HTML, and those that stand for them.
_SAFE = bytes.maketrans(b"<>&", b",:.")


def pack(text: str) -> str:
    """Text as letters that are safe inside a script element.

    >>> import base64, gzip
    >>> packed = pack("a < b & c" * 100)
    >>> gzip.decompress(base64.b85decode(packed.translate(str.maketrans(",:.", "<>&")))).decode() == "a < b & c" * 100
    True
    """
    squeezed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    return base64.b85encode(squeezed).translate(_SAFE).decode()
