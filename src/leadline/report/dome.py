"""The 21 questions of the DOME recommendations, answered from the tables of a run and from nothing else.

Walsh et al., Nature Methods 18, 2021. What the tables do not hold is said to be not known, for the authors to fill in.
The five questions on evaluation are in evaluated.py.
"""

from typing import Any

from leadline.report.evaluated import evaluation
from leadline.report.facts import NOT_KNOWN, SPLITS, UNKNOWN, Facts
from leadline.report.markdown import code, escaped, field, table
from leadline.report.methods import augmentation_words, deviation_words, machine_words, training_words
from leadline.report.preparing import channel_words, intensity_words, projection_words
from leadline.report.transfer_words import begun_words, frozen, frozen_words, normalised_words, weights_name
from leadline.wording import duration, known, percent, value_of

LEFT_OUT_SHOWN = 5
IN_REGULARISATION = {
    "weight_decay": "weight decay",
    "label_smoothing": "label smoothing",
    "longest_gradient": "longest gradient",
    "augment": "augmentation",
}


def dome(facts: Facts) -> dict[str, list[str]]:
    """The four parts of the recommendations, each a list of Markdown blocks."""
    return {
        "Data": _data(facts),
        "Optimisation": _optimisation(facts),
        "Model": _model(facts),
        "Evaluation": evaluation(facts),
    }


def _data(facts: Facts) -> list[str]:
    fingerprint = facts.environment.get("data_fingerprint")
    source = code(facts.recipe["data"]) if facts.recipe.get("data") else f"Data whose name is {NOT_KNOWN}"
    size = f"{facts.all_images:,} usable images in {len(facts.classes)} classes" if facts.counts else NOT_KNOWN
    blocks = [
        field(
            "Provenance",
            f"{source}: {size}. SHA-256 over paths, labels, splits, groups and contents: "
            f"{code(fingerprint) if fingerprint else NOT_KNOWN}. Where the images come from, how they were taken and "
            f"labelled, and who has used them before: {NOT_KNOWN}.",
        ),
        field("Dataset splits", "Images of each class:" if facts.counts else UNKNOWN),
    ]
    if facts.counts:
        blocks.append(_split_table(facts))
    blocks.append(field("Redundancy between data splits", _redundancy(facts)))
    if facts.network.tables.left_out:
        blocks.append(field("Images left out", _left_out(facts.network.tables.left_out)))
    here = "The split, with the SHA-256 of every image, is in `manifest.parquet`."
    return [*blocks, field("Availability of data", f"{UNKNOWN} {here}")]


def _split_table(facts: Facts) -> str:
    splits = [split for split in SPLITS if split in facts.counts]
    rows = [
        [code(name), *(f"{facts.counts[split].get(name, 0):,}" for split in splits), f"{facts.of_class(name):,}"]
        for name in facts.classes
    ]
    rows.append(["images", *(f"{facts.images(split):,}" for split in splits), f"{facts.all_images:,}"])
    if facts.groups:
        in_splits = [f"{facts.groups.get(split, 0):,}" for split in splits]
        rows.append(["groups", *in_splits, f"{facts.all_groups:,}"])
    return table(["", *splits, "in all"], rows)


def _redundancy(facts: Facts) -> str:
    copies = NOT_KNOWN if facts.divided_copies is None else f"{facts.divided_copies:,}"
    found = [f"Images whose bytes occur in more than one split: {copies}."]
    if facts.groups:
        pattern = facts.recipe.get("group")
        named = f"named by {code(pattern)}" if pattern else "named by the data"
        found.append(f"Groups of images that belong together ({named}) with images in more than one split: "
                     f"{facts.divided_groups}.")  # fmt: skip
    elif facts.counts:
        found.append("No groups were given, so images of one patient, plate or slide may lie in several splits.")
    if facts.pretrained and not facts.pretrained.get("images_known"):
        found.append(f"Whether the weights that it began with were trained on any of these images: {NOT_KNOWN}.")
    return " ".join([*found, _near_copies(facts)])


def _near_copies(facts: Facts) -> str:
    if not facts.checked:
        return "Near copies were not looked for."
    near = NOT_KNOWN if facts.divided_near_copies is None else f"{facts.divided_near_copies:,}"
    return f"Sets of near copies with images in more than one split: {near} (all that were found are in `check.json`)."


def _left_out(unused: dict[str, str]) -> str:
    shown = [f"{code(path)} ({escaped(reason)})" for path, reason in list(unused.items())[:LEFT_OUT_SHOWN]]
    rest = len(unused) - len(shown)
    return f"{len(unused):,}, in no figure: {'; '.join(shown)}{f' and {rest:,} more' if rest else ''}."


def _optimisation(facts: Facts) -> list[str]:
    network, recipe, prepared = facts.network, facts.recipe, facts.preprocessing
    weights = f"{network.parameters:,}" if network.parameters else NOT_KNOWN
    trained = facts.metrics.get("head", {}).get("parameters")
    of_these = f" {trained:,} of them were trained." if trained else ""
    shown = {**recipe, "weights": weights_name(str(recipe.get("weights") or ""))}
    settings = ", ".join(f"{code(name)} {code(value)}" for name, value in shown.items() if value not in ("", []))
    again = "`leadline train --recipe recipe.toml` trains it again"
    return [
        field("Algorithm", _algorithm(facts)),
        field("Meta-predictions", "None: its input is the image, not another model’s output."),
        field("Data encoding", _encoding(prepared, recipe, facts.pretrained) if prepared else UNKNOWN),
        field("Parameters", f"{weights}, of a network that was named before the training.{of_these}"),
        field("Features", _features(prepared, recipe)),
        field("Fitting", _fitting(facts)),
        field("Regularization", _regularisation(recipe) if recipe else UNKNOWN),
        field("Availability of configuration", f"{again}; its settings: {settings}." if recipe else UNKNOWN),
    ]


def _algorithm(facts: Facts) -> str:
    about = facts.about
    family = f" ({about.family}, {about.year}, {about.paper})" if about else ""
    how = training_words(facts.recipe) if facts.recipe else f"with settings that are {NOT_KNOWN}"
    begun = begun_words(facts.recipe, facts.pretrained)
    found = [f"Convolutional network {code(facts.network.name)}{family}, trained {escaped(begun)} {how}."]
    if frozen(facts.recipe):
        found = [
            f"Convolutional network {code(facts.network.name)}{family}.",
            escaped(frozen_words(facts.recipe, facts.metrics)),
        ]
    if about and about.deviates:
        found.append(f"Not as published: {escaped(deviation_words(about))}.")
    if about and about.readings:
        found.append(
            f"Read so where the paper is silent or its authors’ code differs: {escaped('; '.join(about.readings))}."
        )
    return " ".join(found)


def _encoding(prepared: dict[str, Any], recipe: dict[str, Any], pretrained: dict[str, Any]) -> str:
    size, during = prepared.get("size"), augmentation_words(recipe) or f"are {NOT_KNOWN}"
    taken = filter(None, (projection_words(prepared), channel_words(prepared, shown=code)))
    over = normalised_words(prepared, pretrained).replace("training images", "at most 2,000 training images")
    return " ".join(
        [
            *(f"{words[0].upper()}{words[1:]}." for words in taken),
            f"The central square of the image ({prepared.get('channels')} × {prepared.get('dtype')}), resized to "
            f"{size} × {size} pixels with antialiasing; per channel, {_scaling(prepared)}, minus "
            f"{_numbers(prepared.get('mean'))}, divided by {_numbers(prepared.get('std'))}, the mean and standard "
            f"deviation {over}. In training, images {during}.",
        ]
    )


def _scaling(prepared: dict[str, Any]) -> str:
    scaled = intensity_words(prepared)
    if not scaled:
        return "as shares of the full range"
    measured = f" (from {_numbers(prepared['low'])} to {_numbers(prepared['high'])})" if "percentile" in scaled else ""
    return f"scaled so that {scaled}{measured}"


def _features(prepared: dict[str, Any], recipe: dict[str, Any]) -> str:
    channels, size = prepared.get("channels"), prepared.get("size")
    if not channels or not size:
        return UNKNOWN
    chosen = prepared.get("select") or recipe.get("channels")
    selected = "no selection among them"
    if chosen:
        selected = "the channels were named before the training, with no selection among their intensities"
    return f"{channels * size * size:,} intensities ({channels} × {size} × {size}); {selected}."


def _fitting(facts: Facts) -> str:
    network, history = facts.network, facts.network.tables.history
    found = []
    trained, which = facts.metrics.get("head", {}).get("parameters"), "trained parameters"
    if not trained:
        trained, which = network.parameters, "parameters"
    if trained and facts.images("train"):
        found.append(f"{trained / facts.images('train'):,.3g} {which} per training image.")
    last = history[-1] if history else {}
    of_training = "training images (augmented, while the last epoch changed the network)"
    of_training = "training images" if frozen(facts.recipe) else of_training
    shares = [
        f"{percent(last[f'{split}_accuracy'])} on {words}"
        for split, words in (("train", of_training), ("validation", "validation images"))
        if known(last.get(f"{split}_accuracy")) and not (facts.folds and split == "validation")
    ]
    judged = value_of(facts.judged.get("accuracy"))
    if judged is not None and facts.judged_on != "validation":
        shares.append(f"{percent(judged)} on {facts.judged_on} images")
    found.append(f"Accuracy at the end: {', '.join(shares) or NOT_KNOWN}.")
    found.append(f"Whether it was trained long enough: {_long_enough(facts)}.")
    return " ".join(found)


def _long_enough(facts: Facts) -> str:
    if frozen(facts.recipe):
        settled = facts.metrics.get("head", {}).get("converged")
        return "its last layer was fitted until it settled" if settled else "its last layer had not settled"
    return f"{NOT_KNOWN} from this training alone; a longer one with a schedule of its own would show it"


def _regularisation(recipe: dict[str, Any]) -> str:
    parts = [f"{words} {code(recipe[name])}" for name, words in IN_REGULARISATION.items() if recipe.get(name)]
    if frozen(recipe):
        return "A penalty on the squared weights of the last layer."
    steps = f"the {recipe['steps']:,} steps" if known(recipe.get("steps")) else "its length"
    return f"{', '.join(parts) or 'None in the recipe'}. No early stopping: {steps} had been fixed before."


def _model(facts: Facts) -> list[str]:
    temperature, seconds = facts.calibration.get("temperature"), facts.network.prediction_seconds
    calibrated = "as the network states it; no temperature was fitted"
    fitted_on = facts.calibration.get("fitted_on") or "validation"
    if temperature == 1:
        calibrated = f"as the network states it; no temperature made those of the {fitted_on} images better"
    elif known(temperature):
        calibrated = f"from logits divided by {temperature:.3g}, a temperature fitted on the {fitted_on} images"
    machine = machine_words(facts.environment) or f"a way that is {NOT_KNOWN}"
    revision, source = facts.environment.get("revision"), facts.environment.get("source_sha256")
    return [
        field("Interpretability", "Black box; this run holds no explanation of single answers."),
        field(
            "Output",
            f"Classification: one of {len(facts.classes) or NOT_KNOWN} classes, and a probability of each, "
            f"{calibrated}; with `--min-confidence`, “uncertain” in place of a class of low probability.",
        ),
        field(
            "Execution time",
            f"{duration(seconds)} per image once decoded, in batches, in {machine}." if seconds else UNKNOWN,
        ),
        field(
            "Availability of software",
            f"Leadline {facts.version}, Apache-2.0; revision {code(revision) if revision else NOT_KNOWN}, SHA-256 of "
            f"its source {code(source) if source else NOT_KNOWN}. The network is in `classifier/`; `leadline predict` "
            f"runs it. Whether it is published: {NOT_KNOWN}.",
        ),
    ]


def _numbers(values: list[float] | None) -> str:
    return ", ".join(f"{value:.4g}" for value in values or []) or NOT_KNOWN
