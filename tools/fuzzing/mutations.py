"""Bytes to other bytes: what a damaged disk, a broken program or a person with bad intent makes of a file."""

import random
import struct
import zlib

# Numbers at which programs miscount, and their neighbours.
EDGES = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1]
# What a text format, or a person's name for something, may hold.
WORDS = [
    b"NaN", b"Infinity", b"-1", b"1e999", b"0", b"9" * 400, b"null", b"true", b"{}", b"[]", b'""', b"\\u0000",
    b"\\ud800", b"../../x", b"/etc/passwd", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b"\x1b[2J",
    "\u202e".encode(), b"'", b'"', b",", b";", b"\t", b"=", b"[", b"]" * 2000, b"[" * 2000, b"{" * 2000, b"a" * 300,
    b"__class__", b"%s%n",
]  # fmt: skip
PNG = b"\x89PNG\r\n\x1a\n"


def mutated(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """`content` after one to eight changes, some of them pieces of `others`; a PNG's checksums mostly fit again."""
    changed = bytearray(content)
    for _ in range(1 << chance.randrange(4)):
        _change(changed, others, chance)
    result = bytes(changed)
    return with_checksums(result) if result.startswith(PNG) and chance.random() < 0.8 else result


def _change(content: bytearray, others: list[bytes], chance: random.Random) -> None:
    size = len(content)
    # Headers lie at the beginning and at the end of most formats.
    at = min(size, int(size * chance.random() ** chance.choice([1, 1, 4])))
    if chance.random() < 0.2:
        at = size - at
    length = chance.choice([1, 2, 4, 8, chance.randrange(1, 64), chance.randrange(1, max(2, size))])
    match chance.randrange(8):
        case 0 if at < size:
            content[at] ^= 1 << chance.randrange(8)
        case 1 if at < size:
            content[at] = chance.randrange(256)
        case 2:
            width = chance.choice([1, 2, 4, 8])
            value = (chance.choice(EDGES) + chance.choice([-1, 0, 0, 1])) % (1 << 8 * width)
            content[at : at + width] = value.to_bytes(width, chance.choice(["little", "big"]))
        case 3:
            del content[at : at + length]
        case 4:
            content[at:at] = content[at : at + length] * chance.choice([1, 1, 2, 50])
        case 5:
            word = chance.choice(WORDS)
            content[at : at + chance.choice([0, len(word)])] = word
        case 6:
            other = chance.choice(others)
            start = chance.randrange(len(other) + 1)
            content[at : at + chance.choice([0, length])] = other[start : start + length]
        case _ if chance.random() < 0.3:
            del content[at:]
    del content[2**22 :]


def with_checksums(png: bytes) -> bytes:
    """The same chunks with the checksums that their bytes have."""
    parts, at = [PNG], len(PNG)
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunk = png[at + 4 : at + 8 + length]
        parts += [png[at : at + 4], chunk, struct.pack(">I", zlib.crc32(chunk))]
        at += 12 + length
    return b"".join([*parts, png[at:]])
