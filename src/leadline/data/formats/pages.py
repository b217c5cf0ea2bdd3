"""The directories of a TIFF, walked before tifffile opens it: tifffile follows a chain of pages that turns back, and a
list of a billion values, for as long as it takes."""

import struct
from collections.abc import Iterator

from leadline.data.formats.header import ImageError

MOST_PAGES = 10_000
# As many strips or tiles as an image of LARGEST bytes can reasonably have; text and profiles are bytes, not values.
MOST_VALUES = 2**22
# How a file begins → byte order; format of an entry (tag, type, count, value), of the number of entries, of an offset.
LAYOUTS = {
    b"II*\0": ("<", "HHI4s", "H", "I"),
    b"MM\0*": (">", "HHI4s", "H", "I"),
    b"II+\0": ("<", "HHQ8s", "Q", "Q"),
    b"MM\0+": (">", "HHQ8s", "Q", "Q"),
}
SUB_IFDS = 330
BYTES = (1, 2, 6, 7)  # types of a byte a value
OFFSETS = {4: "I", 13: "I", 16: "Q", 18: "Q"}  # types in which offsets are stored: LONG, IFD, LONG8, IFD8


def check_pages(content: bytes) -> None:
    """ImageError where a page or SubIFD comes again, or where there are more of them, or of a tag's values, than are
    read. What is wrong in another way, tifffile tells."""
    order, _, _, offset = LAYOUTS[content[:4]]
    try:
        (first,) = struct.unpack_from(order + offset, content, 8 if offset == "Q" else 4)
    except struct.error:
        return
    seen: set[int] = set()
    ahead = [first]
    while ahead:
        position = ahead.pop()
        if position == 0 or position >= len(content):
            continue
        if position in seen:
            raise ImageError(
                "is a damaged TIFF (its chain of pages turns back to an earlier one); copy it again from its source, "
                "or remove it"
            )
        seen.add(position)
        if len(seen) > MOST_PAGES:
            raise ImageError(f"has more than {MOST_PAGES:,} pages; save those that count in a file of their own")
        ahead += _linked_from(content, position)


def _linked_from(content: bytes, position: int) -> Iterator[int]:
    """Where the directory at `position` says that others are: its SubIFDs, then the next page."""
    order, entry, number, offset = LAYOUTS[content[:4]]
    entry_format = struct.Struct(order + entry)
    try:
        (count,) = struct.unpack_from(order + number, content, position)
        start = position + struct.calcsize(number)
        end = start + count * entry_format.size
        if end > len(content):
            return
        for tag, type, values, value in entry_format.iter_unpack(content[start:end]):
            if values > MOST_VALUES and type not in BYTES:
                raise ImageError(f"its header lists {values:,} values of tag {tag}; save it anew, or remove it")
            if tag == SUB_IFDS and type in OFFSETS:
                inside = values * struct.calcsize(OFFSETS[type]) <= len(value)
                (at,) = struct.unpack(order + offset, value)
                source, begin = (value, 0) if inside else (content, at)
                yield from struct.unpack_from(f"{order}{values}{OFFSETS[type]}", source, begin)
        yield from struct.unpack_from(order + offset, content, end)
    except struct.error:
        return
