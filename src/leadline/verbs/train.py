"""`leadline train`: one network on one data set → a run folder with a classifier in it."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Unpack

from leadline.data.cache_folder import made_in_cache
from leadline.errors import LeadlineError, UsageError
from leadline.progress import Progress
from leadline.ranks import Group, launched, restarted
from leadline.report import write_model_card, write_run_report
from leadline.results.json_files import CHECK
from leadline.training.cross_validation import train_in_folds
from leadline.training.distributed import announce
from leadline.training.loop import interrupted_as
from leadline.training.plan import Plan, collect_settings, make_plan, read_data, tell_shortened
from leadline.training.remember import remember_images
from leadline.training.run_folder import Run, alone_in, begin, new_folder
from leadline.training.settings import SettingsDict
from leadline.training.training import join_in, train_one
from leadline.training.transfer import add_start_weights, refuse_seen
from leadline.verbs.check import check_before
from leadline.zoo import architecture


def train(
    data: str | Path | None = None,
    *,
    model: str | None = None,
    out: str | Path | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    progress: Progress | None = None,
    **settings: Unpack[SettingsDict],
) -> Run:
    """Train one network on labelled images and judge it; the finished run folder.

    Started by torchrun, several processes train it together, each on its share of every batch.
    `data` is a folder of class folders, a table or a built-in name; `settings` are those of training.settings. With
    `weights`, as create_model takes them, it begins with trained parameters, of which `tune` says what is trained
    further. Raises LeadlineError where the data, the settings, the weights or the training do not allow it.
    """
    progress = progress or Progress()
    group = launched()
    if group.size > 1 and out is None:
        raise UsageError("torchrun: name the run's folder with --out, so that every process finds it")
    if not group.first:
        return _join(group, Run(Path(out or "")))
    if restarted() and (Run(Path(out or "")).folder / "recipe.toml").is_file():
        return resume(Path(out or ""), progress=progress)
    made_in_cache("images")  # without which there is no training, said before the images are read
    plan, decided = plan_training(data, model=model, weights=weights, tune=tune, progress=progress, **settings)
    run = Run(new_folder(out, data=decided["data"], suffix=decided["model"]))
    begin(run, plan.recipes[0], plan.manifest)
    return resume(run.folder, progress=progress)


def plan_training(
    data: str | Path | None,
    *,
    model: str | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    timed: bool = False,
    progress: Progress | None = None,
    **given: Unpack[SettingsDict],
) -> tuple[Plan, dict[str, Any]]:
    """What `train` would do: its plan, and the settings it was asked for."""
    progress = progress or Progress()
    recipe = given.get("recipe")
    asked: dict[str, Any] = {
        "data": str(data) if data is not None else None,
        "model": model,
        "weights": weights,
        "tune": tune,
        **given,
    }
    settings = collect_settings(**asked)
    if "data" not in settings:
        raise UsageError("no data: name a folder, a table, shards or a built-in data set, or give a --recipe that does")
    begun = add_start_weights(settings, asked, progress=progress)
    if "model" not in settings:
        raise UsageError("no model: choose one with --model, or give a --recipe that does")
    settings["model"] = architecture(settings["model"]).name  # an unknown name fails before the images are read
    manifest = read_data(settings["data"], settings, progress)
    if begun:
        refuse_seen(begun.weights, manifest, folds=bool(settings.get("folds")))
    plan = make_plan(manifest, settings, timed=timed, progress=progress)
    tell_shortened(plan, recipe, progress)
    return plan, settings


def resume(run: str | Path, *, progress: Progress | None = None) -> Run:
    """Go on with a training that was interrupted, with the settings and data in its own folder."""
    progress = progress or Progress()
    interrupted, group = Run(Path(run)), launched()
    if not group.first:
        return _join(group, interrupted)
    whole = interrupted.part_of
    if whole is not None:
        raise UsageError(f"{run}: is a part of {whole}; go on with that one")
    if interrupted.finished:
        announce(group, "")
        progress.note(f"{run}: was finished already")
        with suppress(LeadlineError):  # its images may be gone
            remember_images(interrupted)
        write_run_report(interrupted.folder)
        write_model_card(interrupted.folder)
        return interrupted
    comparison = interrupted.comparison
    if comparison is not None:
        raise UsageError(f"{run}: is a part of a comparison; go on with: leadline compare --resume {comparison}")
    recipe, manifest, folder = interrupted.recipe, interrupted.manifest, interrupted.folder
    with alone_in(folder), interrupted_as(folder):
        if not (folder / CHECK).is_file() and manifest.shards is None:  # of shards, before they are written
            check_before(manifest, folder, going_on=folder, reading=recipe.reading, progress=progress)
        if recipe.folds:
            train_in_folds(interrupted, recipe, manifest, progress=progress, group=group)
        else:
            train_one(interrupted, recipe, manifest, progress=progress, group=group)
            remember_images(interrupted)
        announce(group, "")
        write_run_report(folder)
        write_model_card(folder)
        return interrupted


def _join(group: Group, run: Run) -> Run:
    """The part of a process that is not the first one; there is nothing in the run before that one has ended."""
    join_in(group)
    return run
