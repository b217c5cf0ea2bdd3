"""What was found in the images before the training: check.json, with thumbnails of those to look at."""

import json
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from leadline.data.audit.problem import KINDS, SEVERITIES
from leadline.report.mistakes import Thumbnail, thumbnail_of
from leadline.report.run_tables import RunTables

# Of each kind of problem so many are described, and so many images of each of these shown.
DESCRIBED, PICTURED = 6, 4
# These are about names and numbers, of which the images show nothing.
WITHOUT_PICTURES = {"class_too_small", "divided_group", "undeclared_groups", "nested_folders", "misnamed_file"}


@dataclass(frozen=True)
class Finding:
    message: str
    pictures: tuple[tuple[str, Thumbnail], ...]  # path and image


@dataclass(frozen=True)
class Kind:
    """All problems of one kind and severity."""

    severity: str
    name: str  # in words
    findings: tuple[Finding, ...]  # the first of them
    total: int
    advice: tuple[str, ...]


@dataclass(frozen=True)
class Findings:
    kinds: tuple[Kind, ...]  # the worst first
    images: int
    counts: dict[str, int]  # problems of each severity

    @property
    def changes(self) -> tuple[str, ...]:
        """What was done to show these images, each said once."""
        pictures = [one for kind in self.kinds for finding in kind.findings for _, one in finding.pictures]
        return tuple(dict.fromkeys(filter(None, (picture.changed for picture in pictures))))


def findings_of(folder: Path, tables: RunTables) -> Findings | None:
    """The findings in `folder`/check.json; None where there is no such file, or a damaged one."""
    try:
        check = json.loads((folder / "check.json").read_text("utf-8"))
        problems: list[dict[str, Any]] = check["problems"]
        kinds = tuple(
            _kind(severity, kind, list(found), tables)
            for (severity, kind), found in groupby(problems, key=lambda one: (one["severity"], one["kind"]))
        )
        counts = Counter(one["severity"] for one in problems)
        return Findings(kinds, int(check["summary"]["images"]), {name: counts[name] for name in SEVERITIES})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _kind(severity: str, kind: str, problems: list[dict[str, Any]], tables: RunTables) -> Kind:
    described, pictured = problems[:DESCRIBED], 0 if kind in WITHOUT_PICTURES else PICTURED
    return Kind(
        severity,
        KINDS.get(kind, kind),
        tuple(Finding(one["message"], _pictures(one["paths"][:pictured], tables)) for one in described),
        len(problems),
        tuple(dict.fromkeys(one["advice"] for one in described if one["advice"])),
    )


def _pictures(paths: list[str], tables: RunTables) -> tuple[tuple[str, Thumbnail], ...]:
    shown = [(path, thumbnail_of(path, tables)) for path in paths]
    return tuple((path, picture) for path, picture in shown if picture.uri)
