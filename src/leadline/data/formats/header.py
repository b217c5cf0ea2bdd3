"""What is known of an image before its pixels are decoded, and how large it may be."""

import re
from dataclasses import dataclass

from leadline.errors import LeadlineError

# What is decoded at once may take this many bytes: 18,000 × 18,000 pixels of 8-bit RGB, or 128 planes of 2,048 × 2,048
# in 16 bits. A header that promises more is refused before memory is taken.
LARGEST = 2**30
MOST_CHANNELS = 64

ALPHA = "transparency composited on white"
INKS = "printing inks (CMYK) converted to RGB without a colour profile"
TURNED = "turned upright as its orientation tag says"
MEMORY_IS_SHORT = re.compile(
    r"(not enough|insufficient|out of|can't allocate|cannot allocate) memory|MEM_ERROR|ALLOC_FAILED|bad_alloc"
    "|can't start new thread",
    re.IGNORECASE,
)


class ImageError(LeadlineError):
    """An image that cannot be read as it is. The message is one line: the path, what is wrong, the way out."""

    @property
    def passing(self) -> bool:
        """Whether the disk or the memory failed and not the file, so that it may be read another time."""
        cause = self.__cause__
        return memory_is_short(cause) or (isinstance(cause, OSError) and cause.errno is not None)


def memory_is_short(error: BaseException | None) -> bool:
    """Whether this is what Python or a decoder raises where memory runs out, or the threads that it takes."""
    return isinstance(error, MemoryError) or bool(MEMORY_IS_SHORT.search(str(error)))


@dataclass(frozen=True)
class Header:
    """What `read_image` returns for a file, and what a person should know about how it came about."""

    width: int  # pixels, once turned upright
    height: int
    channels: int
    dtype: str  # "uint8", "uint16", "int16" or "float32"
    format: str  # what the content is, whatever the file is called: "PNG", "JPEG", "GIF", "BMP", "WebP", "TIFF"
    notes: tuple[str, ...] = ()


def header_of(
    *,
    width: int,
    height: int,
    stored: int,
    channels: int,
    dtype: str,
    format: str,
    orientation: int,
    notes: dict[str, bool],
) -> Header:
    """The header of `width` × `height` stored pixels, of `stored` values each, that become `channels` channels.

    `notes` are kept where they apply. Raises ImageError for an image without pixels and for one that is too large.
    """
    if width < 1 or height < 1:
        raise ImageError(f"its header says {width} × {height} pixels, so there is no image in it; remove it")
    itemsize = {"uint8": 1, "uint16": 2, "int16": 2, "float32": 4}[dtype]
    size = width * height * stored * itemsize
    if size > LARGEST:
        raise ImageError(
            f"its header says {width} × {height} pixels of {stored} × {8 * itemsize} bits, {size / 2**30:.1f} GiB "
            f"decoded, and at most {LARGEST / 2**30:g} GiB is read; cut it into tiles, or remove it"
        )
    if channels > MOST_CHANNELS:
        raise ImageError(f"has {channels} channels, and at most {MOST_CHANNELS} are read; save those that count")
    if orientation >= 5:
        width, height = height, width
    applying = tuple(note for note, applies in {**notes, TURNED: orientation > 1}.items() if applies)
    return Header(width, height, channels, dtype, format, applying)
