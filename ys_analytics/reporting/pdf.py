"""Metadata of a printed PDF: title, author, the moment its data were read, and the data JSON attached.

Depends on pypdf to read and to write objects. Does not print. Objects are appended, as the format provides for; what
the browser wrote stays as it is.
"""

import io
import re
import zlib
from datetime import datetime

from pypdf import PdfReader
from pypdf.errors import PdfReadError
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    StreamObject,
    TextStringObject,
)

# What the browser writes of the time and of elements; the same length comes in its place.
_STAMPED = re.compile(rb"(/(?:CreationDate|ModDate) \()D:\d{14}\+00'00'")
_NUMBERED = re.compile(rb"\(node(\d{8,})\)")


def with_metadata(
    pdf: bytes, *, title: str, author: str, subject: str, as_of: datetime, attachment: tuple[str, bytes]
) -> bytes:
    """The PDF with its metadata, and a file attached: the same page gives the same bytes, whenever it is printed.

    The browser stamps the clock and itself; the moment its data were read stands there instead.

    Args:
        pdf: As a browser prints it.
        title: Of the document; a reader shows it in place of the file's name.
        author: Who publishes it.
        subject: What it is.
        as_of: When its data were read, in UTC.
        attachment: Name and content of the file.
    """
    moment = f"D:{as_of:%Y%m%d%H%M%S}+00'00'"
    pdf = _without_clock_and_counter(pdf, moment)
    reader = _reader(pdf)
    trailer = reader.trailer
    size = int(str(trailer["/Size"]))
    stamp = TextStringObject(moment)
    name, content = attachment
    root = _dictionary(trailer, "/Root")
    info = DictionaryObject(
        {
            NameObject("/Title"): TextStringObject(title),
            NameObject("/Author"): TextStringObject(author),
            NameObject("/Subject"): TextStringObject(subject),
            NameObject("/Creator"): TextStringObject("ys-analytics"),
            NameObject("/Producer"): TextStringObject("Chromium, pypdf"),
            NameObject("/CreationDate"): stamp,
            NameObject("/ModDate"): stamp,
        }
    )
    file = StreamObject()
    file.set_data(zlib.compress(content, 6))
    file.update(
        {
            NameObject("/Type"): NameObject("/EmbeddedFile"),
            NameObject("/Subtype"): NameObject("/application#2Fjson"),
            NameObject("/Filter"): NameObject("/FlateDecode"),
            NameObject("/Params"): DictionaryObject(
                {NameObject("/Size"): NumberObject(len(content)), NameObject("/ModDate"): stamp}
            ),
        }
    )
    embedded = IndirectObject(size, 0, reader)
    specification = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Filespec"),
            NameObject("/F"): TextStringObject(name),
            NameObject("/UF"): TextStringObject(name),
            NameObject("/Desc"): TextStringObject("Every number of this report"),
            NameObject("/AFRelationship"): NameObject("/Data"),
            NameObject("/EF"): DictionaryObject({NameObject("/F"): embedded, NameObject("/UF"): embedded}),
        }
    )
    specification_reference = IndirectObject(size + 1, 0, reader)
    names = _dictionary(root, "/Names")
    names[NameObject("/EmbeddedFiles")] = DictionaryObject(
        {NameObject("/Names"): ArrayObject([TextStringObject(name), specification_reference])}
    )
    root[NameObject("/Names")] = names
    root[NameObject("/AF")] = ArrayObject([specification_reference])
    preferences = _dictionary(root, "/ViewerPreferences")
    preferences[NameObject("/DisplayDocTitle")] = BooleanObject(value=True)
    root[NameObject("/ViewerPreferences")] = preferences
    root_at, info_at = trailer.raw_get("/Root"), trailer.raw_get("/Info")
    changed: dict[int, PdfObject] = {
        info_at.idnum: info,
        root_at.idnum: root,
        size: file,
        size + 1: specification,
    }
    return _append_update(pdf, changed, root=root_at, info=info_at, identity=trailer.get("/ID"))


def _without_clock_and_counter(pdf: bytes, moment: str) -> bytes:
    """The file without what differs from print to print; no byte of it moves.

    The browser writes the time, and names the elements of a table by a number that counts through all pages it has
    printed: here from 1 on in every file, in the same order.

    >>> _without_clock_and_counter(
    ...     b"/ModDate (D:20260101000000+00'00') (node00000090) (node00000007)", "D:20251231235959+00'00'"
    ... )
    b"/ModDate (D:20251231235959+00'00') (node00000002) (node00000001)"
    """
    pdf = _STAMPED.sub(rb"\1" + moment.encode(), pdf, count=2)
    numbers = sorted({int(number) for number in _NUMBERED.findall(pdf)})
    place = {number: index for index, number in enumerate(numbers, start=1)}
    return _NUMBERED.sub(lambda found: b"(node%0*d)" % (len(found[1]), place[int(found[1])]), pdf)


def _reader(pdf: bytes) -> PdfReader:
    """A reader that takes the file's table of objects at its word: to look at each of them takes four times as long."""
    try:
        return PdfReader(io.BytesIO(pdf), strict=True)
    except PdfReadError:
        return PdfReader(io.BytesIO(pdf))


def _dictionary(parent: DictionaryObject, name: str) -> DictionaryObject:
    """A copy of the dictionary a name stands for; an empty one where there is none."""
    value = parent[name].get_object() if name in parent else None
    return DictionaryObject(value) if isinstance(value, DictionaryObject) else DictionaryObject()


def _append_update(
    pdf: bytes, changed: dict[int, PdfObject], *, root: IndirectObject, info: IndirectObject, identity: object
) -> bytes:
    """The file with some objects new or in the place of others: an incremental update, ISO 32000-1, 7.5.6."""
    out = io.BytesIO()
    out.write(pdf if pdf.endswith(b"\n") else pdf + b"\n")
    offsets: dict[int, int] = {}
    for number, value in sorted(changed.items()):
        offsets[number] = out.tell()
        out.write(f"{number} 0 obj\n".encode())
        value.write_to_stream(out)
        out.write(b"\nendobj\n")
    xref_offset = out.tell()
    out.write(b"xref\n")
    for number, offset in offsets.items():
        out.write(f"{number} 1\n{offset:010d} 00000 n \n".encode())
    trailer = DictionaryObject(
        {
            NameObject("/Size"): NumberObject(max(offsets) + 1),
            NameObject("/Root"): root,
            NameObject("/Info"): info,
            NameObject("/Prev"): NumberObject(int(pdf.rstrip().splitlines()[-2])),
        }
    )
    if isinstance(identity, ArrayObject):
        trailer[NameObject("/ID")] = identity
    out.write(b"trailer\n")
    trailer.write_to_stream(out)
    out.write(f"\nstartxref\n{xref_offset}\n%%EOF\n".encode())
    return out.getvalue()
