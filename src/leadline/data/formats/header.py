"""What is known of an image before its pixels are decoded, and how large it may be."""

from dataclasses import dataclass

from leadline.errors import LeadlineError

# An image, or the whole stack it is projected from, may take this many bytes once decoded; a header that promises more
# is refused before memory is taken. 18,000 × 18,000 pixels of 8-bit RGB fit in.
LARGEST = 2**30
MOST_CHANNELS = 64


class ImageError(LeadlineError):
    """An image that cannot be read as it is. The message is one line: the path, what is wrong, the way out."""


@dataclass(frozen=True)
class Header:
    """What `read_image` will return, and what a person should know about how it got there."""

    width: int  # pixels, once turned upright
    height: int
    channels: int
    dtype: str  # "uint8", "uint16", "int16" or "float32"
    format: str  # what the content is, whatever the file is called: "PNG", "JPEG", "GIF", "BMP", "WebP", "TIFF"
    notes: tuple[str, ...] = ()


def check_size(*, width: int, height: int, values: int, itemsize: int) -> None:
    """Refuse an image without pixels, or with more than LARGEST bytes; `values` is how many each pixel has."""
    if width < 1 or height < 1:
        raise ImageError(f"its header says {width} × {height} pixels, so there is no image in it; remove it")
    size = width * height * values * itemsize
    if size > LARGEST:
        raise ImageError(
            f"its header says {width} × {height} pixels of {values} × {8 * itemsize} bits, {size / 2**30:.1f} GiB "
            f"decoded, and at most {LARGEST / 2**30:.0f} GiB is read; cut it into tiles, or remove it if it should be small"
        )
