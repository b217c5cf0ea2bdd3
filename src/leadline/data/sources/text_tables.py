"""CSV and TSV as people's programs save them: read right, or refused with the row, the fault and the way out.

Read are UTF-8 with or without a byte order mark, UTF-16 with one, the line ends of every system, and the separators
`,` `;` and tab. Other encodings are refused: guessed wrongly, they would change the names of classes in silence.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from leadline.data.sources.refusal import cut
from leadline.errors import LeadlineError

SAVE_AS_UTF8 = "save it as “CSV UTF-8” (Excel), or with the character set UTF-8 (LibreOffice)"
# Excel writes the separator so into a first line of its own.
STATED_SEPARATOR = re.compile(r'"?sep=(.)"?\r?\n?')


def read_text_table(file: Path, *, separator: str, row: str) -> pl.DataFrame:
    """All columns as text, null where a row has nothing, and `row`, its number as a spreadsheet counts from 1.

    `separator` is the one that belongs to the file's suffix; another is taken where the header is divided by it alone.
    Raises LeadlineError that names the row for one with more values than the header, or with an open quotation mark.
    """
    text = _decoded(file)
    stated = STATED_SEPARATOR.match(text)
    if stated:
        separator, text = stated[1], text[stated.end() :]
    first_line = text.split("\n", 1)[0].split("\r", 1)[0]
    if separator not in first_line:
        separator = next((other for other in ",;\t" if other in first_line), separator)
    blank_follows = f"{separator} " in first_line  # as people write lists by hand
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=blank_follows, strict=True)
    rows = _numbered(reader, file, first=2 if stated else 1)
    number, header = next(rows, (1, []))
    names = _names(header, file)
    columns: list[list[str | None]] = [[] for _ in names]
    numbers = []
    for number, values in rows:
        if any(values[len(names) :]):
            raise LeadlineError(
                f"{file}: row {number} has {len(values)} values, but the first row names {len(names)} columns "
                f"({cut(', '.join(names))}); put a value that holds {separator!r} into quotation marks, or take away "
                "what is too much"
            )
        numbers.append(number)
        for position, column in enumerate(columns):
            column.append((values[position] or None) if position < len(values) else None)
    data = dict(zip(names, columns, strict=True))
    return pl.DataFrame({row: numbers, **data}, schema={row: pl.UInt32} | dict.fromkeys(names, pl.String))


def _decoded(file: Path) -> str:
    content = file.read_bytes()
    utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        number = len(content[: error.start].splitlines()) or 1
        raise LeadlineError(
            f"{file}: row {number} is no {'UTF-16' if utf16 else 'UTF-8'} (byte 0x{content[error.start]:02x}); "
            f"{SAVE_AS_UTF8}"
        ) from None
    if "\0" in text:
        raise LeadlineError(f"{file}: is no text (it has zero bytes, as UTF-16 without its mark); {SAVE_AS_UTF8}")
    return text


def _numbered(reader: "Iterator[list[str]]", file: Path, *, first: int) -> Iterator[tuple[int, list[str]]]:
    """The rows with their numbers."""
    number = first
    while True:
        try:
            yield number, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise LeadlineError(
                f"{file}: row {number} has a quotation mark that is opened and not closed, or has text behind it "
                f"({error}); close it, or write a quotation mark that is meant as such twice"
            ) from None
        number += 1


def _names(header: Sequence[str], file: Path) -> list[str]:
    """Of the columns, all different; a second one of a name that the program knows leaves open which is meant."""
    names: list[str] = []
    for name in (name.strip() for name in header):
        if name in names and (
            name in ("path", "label", "group", "split") or re.match("path:|FileName_|PathName_", name)
        ):
            raise LeadlineError(f"{file}: has two columns {name}; take one of them away, or call it otherwise")
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    return names
