"""Text made small inside a page: gzip in base 91, which `html/unpack.js` reads.

Depends on NumPy. The same text gives the same bytes. Thirteen bits are written as two letters, since 91 x 91 is the
first square above 2 to the 13th: 23 % more letters than bytes, where base 64 takes 33 % more.
"""

import gzip

import numpy as np

# Every printable letter of ASCII but `"`, `<` and `>`, so that no text ends the script element it stands in.
ALPHABET = "".join(chr(code) for code in range(33, 127) if chr(code) not in '"<>')
_BITS = 13


def pack(text: str) -> str:
    """Text as letters that are safe inside a script element: how many bytes, a space, and the bytes.

    >>> size, letters = pack("a < b & c" * 100).split(" ")
    >>> numbers = [ALPHABET.index(a) * 91 + ALPHABET.index(b) for a, b in zip(letters[::2], letters[1::2])]
    >>> bits = "".join(f"{number:013b}" for number in numbers)
    >>> compressed = bytes(int(bits[place : place + 8], 2) for place in range(0, 8 * int(size), 8))
    >>> gzip.decompress(compressed).decode() == "a < b & c" * 100
    True
    """
    compressed = np.frombuffer(gzip.compress(text.encode(), compresslevel=9, mtime=0), dtype=np.uint8)
    bits = np.unpackbits(compressed)
    padded = np.concatenate([bits, np.zeros(-len(bits) % _BITS, dtype=np.uint8)]).reshape(-1, _BITS)
    numbers = padded @ (1 << np.arange(_BITS - 1, -1, -1))
    alphabet = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    pairs = np.stack(np.divmod(numbers, len(ALPHABET)), axis=1)
    return f"{len(compressed)} {alphabet[pairs].tobytes().decode()}"
