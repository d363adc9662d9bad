"""A ZIP that cannot be read is refused in one line that says why: damaged, encrypted or of another compression."""

import io
import struct
import zipfile

import pytest

from ys_analytics.errors import ContractError
from ys_analytics.ingest.raw_tables import open_file

CANDLES = "\n".join(f"{1_700_000_000_000 + at},1,2,0.5,1.5,10,{1_700_000_000_999 + at},15,3,5,7,0" for at in range(400))
METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflated": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


def archive(method):
    """The bytes of a ZIP of one file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as made:
        made.writestr("BTCUSDT-1d-2024-12.csv", CANDLES)
    return bytearray(packed.getvalue())


def with_header_field(content, *, local, central, value):
    """The same ZIP with a two-byte field of both its headers changed."""
    struct.pack_into("<H", content, local, value)
    struct.pack_into("<H", content, content.rindex(b"PK\x01\x02") + central, value)
    return content


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_each_usual_compression_is_read(method, tmp_path):
    """Stored, deflated, bzip2 and LZMA come back byte for byte."""
    path = tmp_path / "candles.zip"
    path.write_bytes(archive(method))
    (file,) = open_file(path)
    assert file.content == CANDLES.encode()


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_damaged_bytes_are_one_line(method, tmp_path):
    """Whichever decompressor meets them, the file is named and nothing is read."""
    content = archive(method)
    middle = (30 + len("BTCUSDT-1d-2024-12.csv") + content.rindex(b"PK\x01\x02")) // 2
    content[middle : middle + 20] = bytes(byte ^ 0xFF for byte in content[middle : middle + 20])
    path = tmp_path / "candles.zip"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=r"^candles\.zip: not a readable ZIP: [^\n]+$"):
        open_file(path)


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"local": 6, "central": 8, "value": 1}, "is encrypted; unpack it and import the file"),
        ({"local": 8, "central": 10, "value": 99}, "is compressed by method 99, which is not supported"),
    ],
    ids=["encrypted", "another compression"],
)
def test_what_cannot_be_unpacked_is_refused_with_what_to_do(field, reason, tmp_path):
    """A password or an unknown method is no damage: the line says to unpack the file first."""
    path = tmp_path / "candles.zip"
    path.write_bytes(with_header_field(archive(zipfile.ZIP_DEFLATED), **field))
    with pytest.raises(ContractError, match=rf"^candles\.zip: BTCUSDT-1d-2024-12\.csv {reason}"):
        open_file(path)
