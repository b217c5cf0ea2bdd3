"""`leadline check`: what is wrong with these images, before any training; also the first step of train and compare."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from leadline.data.audit import Audit, Problem, audit
from leadline.data.audit.problem import KINDS, SEVERITIES
from leadline.data.manifest import Manifest
from leadline.data.outputs import check_output
from leadline.data.reading import Reading
from leadline.data.sources.refusal import Complaint
from leadline.data.sources.scan import columns_of, scan
from leadline.data.split.grouping import Columns, values_of
from leadline.data.split.holdout import split
from leadline.errors import LeadlineError, UsageError
from leadline.progress import Progress
from leadline.results import json_files

# What a training says of these in its own words.
SAID_ALREADY = ("unreadable_file",)


def check(
    data: str | Path,
    *,
    group: str | None = None,
    batch: str | None = None,
    project: str | None = None,
    allow_outside: bool = False,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Audit:
    """What is wrong with the images of `data`; nothing in it is changed, moved or written.

    `group` finds each image's patient, plate or slide, and `batch` its source (a column of the table, `folder:N`, or an
    expression searched in the path), which is then told apart by the pixels alone. `project` ("max" or "mean") says
    what becomes of stacks in depth. `out` is written as JSON. What train would refuse is reported like everything else;
    LeadlineError is raised only where there is nothing to look at.
    """
    progress = progress or Progress()
    if out is not None:
        check_output(out, ours=_is_ours, kind="JSON of a check", sources=[data])
    complaints: list[Complaint] = []
    reading = Reading(project=project or "", allow_outside=allow_outside)
    manifest = scan(data, reading=reading, refuse=lambda message, *paths: complaints.append(Complaint(message, paths)))
    columns = _columns(Path(data), manifest, reading)
    paths = manifest.table["path"].to_list()
    unplaced: list[str] = []
    if group:
        values = values_of(group, paths=paths, columns=columns)
        _refuse_empty(values, group, "--group", columns)
        unplaced = _without_value(manifest, values, group)
        complaints += map(Complaint, unplaced)
        manifest = manifest.with_table(manifest.table.with_columns(group=pl.Series(values, dtype=pl.String)))
    batches = values_of(batch, paths=paths, columns=columns, option="--batch") if batch else None
    if batch and batches:
        _refuse_empty(batches, batch, "--batch", columns)
    with progress.task("looking", len(manifest.table)):
        found = audit(
            manifest,
            complaints=complaints,
            refusal=_refused_split(manifest, grouped=not unplaced),
            reading=reading,
            batch=batch or "",
            batches=batches,
            progress=progress,
        )
    if out is not None:
        json_files.write(Path(out), found)
    return found


def check_before(manifest: Manifest, folder: Path, *, going_on: Path, reading: Reading, progress: Progress) -> None:
    """Check what is to be trained on: check.json in `folder`, and a line to `progress` per kind of error and warning.

    Raises Interrupted with `going_on`, the run that is resumed then.
    """
    from leadline.training.loop import Interrupted

    try:
        with progress.task("looking", len(manifest.table)):
            found = audit(manifest, reading=reading, progress=progress)
    except KeyboardInterrupt:
        raise Interrupted(str(going_on)) from None
    json_files.write(folder / json_files.CHECK, found)
    for line in headlines(found, leaving_out=SAID_ALREADY):
        progress.note(line)


def headlines(found: Audit, *, leaving_out: tuple[str, ...] = ()) -> Iterator[str]:
    """A line for each kind of error and warning, with its first example, worst first."""
    told = [one for one in found.problems if one.severity != "hint" and one.kind not in leaving_out]
    counts = Counter((problem.kind, problem.severity) for problem in told)
    for (kind, severity), count in counts.items():
        first = next(problem for problem in told if (problem.kind, problem.severity) == (kind, severity))
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        yield f"{severity}: {KINDS[kind]}: {first.message}{more}; {first.advice}"


def by_kind(found: Audit) -> Iterator[tuple[str, list[Problem]]]:
    """The problems of each severity and kind together, worst first."""
    for severity in SEVERITIES:
        for kind in KINDS:
            problems = [problem for problem in found.problems if (problem.severity, problem.kind) == (severity, kind)]
            if problems:
                yield severity, problems


def _is_ours(file: Path) -> bool:
    try:
        json_files.read(file, Audit)
    except LeadlineError:
        return False
    return True


def _columns(data: Path, manifest: Manifest, reading: Reading) -> Columns:
    """Those of the person's own table, and what is known of the images besides: split and group."""
    known = {name: manifest.table[name].to_list() for name in ("split", "group") if manifest.table[name].count()}
    return known | (columns_of(data, reading=reading) if data.is_file() else {})


def _refused_split(manifest: Manifest, *, grouped: bool) -> str:
    """Why a training could not split these images, or nothing; of labels that are missing, scan has told."""
    table = manifest.table.drop_nulls("label")
    if not grouped:
        table = table.with_columns(group=pl.lit(None, pl.String))
    try:
        split(manifest.with_table(table))
    except LeadlineError as error:
        return str(error)
    return ""


def _refuse_empty(values: list[str | None], asked: str, option: str, columns: Columns) -> None:
    if not any(values):
        there_are = f"; columns are {', '.join(columns)}" if columns else ""
        raise UsageError(f"{option} {asked}: is no column, and as an expression it matches no path{there_are}")


def _without_value(manifest: Manifest, values: list[str | None], group: str) -> list[str]:
    paths = [path for path, value in zip(manifest.table["path"], values, strict=True) if value is None]
    if not paths:
        return []
    return [f"{len(paths):,} images, such as {paths[0]}, do not match --group {group}, so they belong to no group"]
