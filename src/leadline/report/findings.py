"""What was found in the images before the training: check.json, with thumbnails of those to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from leadline.data.audit import Audit, Problem
from leadline.data.audit.problem import KINDS
from leadline.errors import LeadlineError
from leadline.report.mistakes import Thumbnail, changes_of, thumbnail_of
from leadline.report.run_tables import RunTables
from leadline.results import json_files

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
        findings = [finding for kind in self.kinds for finding in kind.findings]
        return changes_of(thumbnail for finding in findings for _, thumbnail in finding.pictures)


def findings_of(folder: Path, tables: RunTables) -> Findings | None:
    """The findings in `folder`/check.json; None where there is no such file, or a damaged one."""
    try:
        audit = json_files.read(folder / json_files.CHECK, Audit)
    except LeadlineError:
        return None
    together = groupby(audit.problems, key=lambda problem: (problem.severity, problem.kind))
    kinds = tuple(_kind(severity, kind, list(problems), tables) for (severity, kind), problems in together)
    counts = {"error": audit.summary.errors, "warning": audit.summary.warnings, "hint": audit.summary.hints}
    return Findings(kinds, audit.summary.images, counts)


def _kind(severity: str, kind: str, problems: list[Problem], tables: RunTables) -> Kind:
    described, pictured = problems[:DESCRIBED], 0 if kind in WITHOUT_PICTURES else PICTURED
    return Kind(
        severity,
        KINDS[kind],
        tuple(Finding(problem.message, _pictures(problem.paths[:pictured], tables)) for problem in described),
        len(problems),
        tuple(dict.fromkeys(problem.advice for problem in described if problem.advice)),
    )


def _pictures(paths: Sequence[str], tables: RunTables) -> tuple[tuple[str, Thumbnail], ...]:
    shown = [(path, thumbnail_of(path, tables)) for path in paths]
    return tuple((path, picture) for path, picture in shown if picture.uri)
