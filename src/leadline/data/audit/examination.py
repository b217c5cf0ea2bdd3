"""The examination of a data source: every rule, in turn, on one look at the images."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from leadline.data.audit import classes, copies, files, groups, intensities, kinds
from leadline.data.audit.batch import batch_effect, batch_problem
from leadline.data.audit.nesting import nested_folders
from leadline.data.audit.pixels import look_at
from leadline.data.audit.problem import Audit, BatchEffect, Problem, Summary, worst_first
from leadline.data.manifest import SPLITS, Manifest
from leadline.data.reading import AS_IT_IS, Reading
from leadline.data.sources.refusal import Complaint
from leadline.progress import SILENT, Progress

# Errors of these kinds are why images cannot be split.
NOT_SPLIT = ("single_class", "class_too_small", "divided_group")


def audit(
    manifest: Manifest,
    *,
    complaints: Iterable[Complaint] = (),
    refusal: str = "",
    reading: Reading = AS_IT_IS,
    batch: str = "",
    batches: list[str | None] | None = None,
    progress: Progress = SILENT,
) -> Audit:
    """What is wrong with the images of `manifest`; nothing is changed, and they are decoded only the first time.

    `complaints` are what `scan` had to say of the source; `reading` is how it read the images. `refusal` is why they
    cannot be split, which is told unless an error of another kind says it. `batches`, a value per row that `batch`
    selected, are told apart by the pixels alone.
    """
    looks = look_at(manifest, project=reading.projection, progress=progress)
    effect: BatchEffect | None = None
    found: list[Iterator[Problem]] = [
        _said_of_the_source(complaints, manifest.notes),
        files.unreadable(manifest, looks),
        files.misnamed(manifest, looks),
        files.overlooked(manifest),
        nested_folders(manifest),
        classes.single_class(manifest),
        classes.too_small(manifest, looks),
        classes.similar_names(manifest),
        classes.unseen_characters(manifest),
        classes.imbalance(manifest, looks),
        copies.exact(manifest),
        copies.near(manifest, looks),
        groups.divided(manifest),
        groups.undeclared(manifest),
        kinds.mixed_types(manifest, looks, reading),
        kinds.mixed_sizes(manifest, looks),
        kinds.class_by_file(manifest, looks),
        intensities.constant(manifest, looks),
        intensities.saturated(manifest, looks),
        intensities.empty_channels(manifest, looks),
    ]
    if batches is not None:
        effect = batch_effect(manifest, looks, batches, selector=batch)
        found.append(batch_problem(effect, batch))
    told = list(chain.from_iterable(found))
    if refusal and not any(one.severity == "error" and one.kind in NOT_SPLIT for one in told):
        told += _said_of_the_source([Complaint(refusal)])
    problems = worst_first(told)
    severities, labels = Counter(problem.severity for problem in problems), Counter(manifest.table["label"])
    splits = Counter(manifest.table["split"])
    return Audit(
        problems,
        Summary(
            data=manifest.source,
            data_fingerprint=manifest.fingerprint,
            images=len(manifest.table),
            unreadable=int((~looks.readable).sum()),
            classes={name: labels[name] for name in manifest.classes},
            splits={name: splits[name] for name in SPLITS if splits[name]},
            groups=manifest.table["group"].drop_nulls().n_unique(),
            errors=severities["error"],
            warnings=severities["warning"],
            hints=severities["hint"],
            kinds=dict(Counter(problem.kind for problem in problems)),
            batch=effect,
        ),
    )


def _said_of_the_source(complaints: Iterable[Complaint], notes: Iterable[str] = ()) -> Iterator[Problem]:
    for complaint in complaints:
        yield Problem(
            "source", "error", complaint.paths, complaint.message,
            "until this is mended, train and compare refuse these data",
        )  # fmt: skip
    for note in notes:
        if ": named ." not in note:  # files.misnamed has them one by one
            yield Problem("source", "hint", (), note)
