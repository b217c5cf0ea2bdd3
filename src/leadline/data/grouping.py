"""Which patient, plate or slide an image is of: by a column of the table, by a folder, or by a pattern in the path.

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


def group_values(
    asked: str,
    *,
    paths: Sequence[str],
    columns: Mapping[str, Sequence[str | None]] | None = None,
    option: str = "--group",
) -> list[str]:
    """The group of each of `paths` (relative to the data, with forward slashes), as `asked` names it.

    `columns` are those of the table that the images come from. Folders of one name are one group, wherever they lie:
    a patient's images may lie in several classes. Raises LeadlineError that names the first image without a group, and
    UsageError for what can name no group; both call it by `option`.
    """
    columns = columns or {}
    if asked in columns:
        return _of_column(asked, paths, columns[asked], option)
    if asked.startswith("folder:"):
        return _of_folder(asked, paths, option)
    return _of_pattern(asked, paths, columns, option)


def _of_column(name: str, paths: Sequence[str], values: Sequence[str | None], option: str) -> list[str]:
    for path, value in zip(paths, values, strict=True):
        if not value:
            raise LeadlineError(f"{path}: has no value in the column {name!r}, so {option} {name} would not place it")
    return [str(value) for value in values]


def _of_folder(asked: str, paths: Sequence[str], option: str) -> list[str]:
    level = asked.removeprefix("folder:")
    if not re.fullmatch(r"-?[1-9]\d*", level):
        raise UsageError(
            f"{option} {asked}: expected folder:-1 (which holds the image), folder:-2 (the one above it), … or "
            "folder:1 (the outermost in the data)"
        )
    number = int(level)
    names = []
    for path in paths:
        folders = PurePosixPath(path.replace("\\", "/")).parts[:-1]
        if len(folders) < abs(number):
            raise LeadlineError(
                f"{path}: lies in {len(folders)} folders of the data only, so {option} {asked} names none"
            )
        names.append(folders[number if number < 0 else number - 1])
    return names


def _of_pattern(
    pattern: str, paths: Sequence[str], columns: Mapping[str, Sequence[str | None]], option: str
) -> list[str]:
    try:
        found = [re.search(pattern, path) for path in paths]
    except re.error as error:
        raise UsageError(f"{option} {pattern}: is not a regular expression ({error})") from error
    for path, match in zip(paths, found, strict=True):
        # An optional group that took part in no match is None: no value either.
        if match is None or match[match.re.groups and 1] is None:
            raise LeadlineError(
                f"{path}: does not match {option} {pattern}, so it would belong to no group{_hint(pattern, columns)}"
            )
    return [match[match.re.groups and 1] for match in found if match]


def _hint(asked: str, columns: Mapping[str, Sequence[str | None]]) -> str:
    """A plain word was more likely meant as a column."""
    if not columns or not re.fullmatch(r"[\w .-]+", asked):
        return ""
    nearest = difflib.get_close_matches(asked, columns, n=1, cutoff=0.5)
    meant = f"did you mean {nearest[0]}? " if nearest else ""
    return f"; and there is no column of this name ({meant}there are {', '.join(columns)})"
