"""A value per image from what a person names: its patient, plate or slide (--group), or its source (--batch).

patient      a column of the table, where it has one of this name
folder:-1    the name of the folder that holds the image, folder:-2 of the one above it; folder:1 of the outermost one
(C\\d+P\\d+)   otherwise a regular expression that is searched in the path inside the data; its first group, or where
             it has none all that matches, is the value
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from leadline.errors import LeadlineError, UsageError

Columns = Mapping[str, Sequence[str | None]]


def values_of(
    asked: str, *, paths: Sequence[str], columns: Columns | None = None, option: str = "--group"
) -> list[str | None]:
    """The value of each of `paths` (relative to the data, with forward slashes), as `asked` names it, or None.

    `columns` are those of the table that the images come from. Folders of one name give one value, wherever they lie:
    a patient's images may lie in several classes. Raises UsageError, which calls it by `option`, for what can name
    nothing.
    """
    if asked in (columns or {}):
        return [value or None for value in (columns or {})[asked]]
    if asked.startswith("folder:"):
        level = asked.removeprefix("folder:")
        if not re.fullmatch(r"-?[1-9]\d*", level):
            raise UsageError(
                f"{option} {asked}: expected folder:-1 (which holds the image), folder:-2 (the one above it), … or "
                "folder:1 (the outermost in the data)"
            )
        number = int(level)
        folders = [PurePosixPath(path.replace("\\", "/")).parts[:-1] for path in paths]
        place = number if number < 0 else number - 1
        return [names[place] if len(names) >= abs(number) else None for names in folders]
    try:
        pattern = re.compile(asked)
    except re.error as error:
        raise UsageError(f"{option} {asked}: is not a regular expression ({error})") from error
    found = [pattern.search(path) for path in paths]
    return [(match[pattern.groups and 1] or None) if match else None for match in found]


def group_values(
    asked: str, *, paths: Sequence[str], columns: Columns | None = None, option: str = "--group"
) -> list[str]:
    """As `values_of`, where every image has one; LeadlineError that names the first without."""
    values = values_of(asked, paths=paths, columns=columns, option=option)
    for path, value in zip(paths, values, strict=True):
        if value is None:
            raise LeadlineError(f"{path}: {_why_none(asked, path, columns or {}, option)}")
    return [value for value in values if value is not None]


def _why_none(asked: str, path: str, columns: Columns, option: str) -> str:
    if asked in columns:
        return f"has no value in the column {asked!r}, so {option} {asked} would not place it"
    if asked.startswith("folder:"):
        return f"lies in {len(PurePosixPath(path).parts) - 1} folders of the data only, so {option} {asked} names none"
    return f"does not match {option} {asked}, so it would belong to no group{_hint(asked, columns)}"


def _hint(asked: str, columns: Columns) -> str:
    """A plain word was more likely meant as a column."""
    if not columns or not re.fullmatch(r"[\w .-]+", asked):
        return ""
    nearest = difflib.get_close_matches(asked, columns, n=1, cutoff=0.5)
    meant = f"did you mean {nearest[0]}? " if nearest else ""
    return f"; and there is no column of this name ({meant}there are {', '.join(columns)})"
