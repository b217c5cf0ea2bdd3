"""A paragraph for the methods section of a paper, from a run: each sentence rests on figures in its tables."""

from dataclasses import dataclass
from typing import Any

from leadline.data.augment.strong import DEGREES, SCALE
from leadline.report.citations import References, papers_of
from leadline.report.facts import MEASURES, NOT_KNOWN, Facts
from leadline.report.preparing import channel_words, intensity_words, projection_words
from leadline.report.schedule_words import factor_words, kept_words, rate_words
from leadline.report.transfer_words import begun_words, frozen, frozen_words, normalised_words
from leadline.wording import bounds_of, duration, known, percent, percent_interval, plain, value_of
from leadline.zoo.catalogue import Architecture

MOST_CLASSES = 12  # with more of them the paragraph says between what their sizes lie
RECOLOURED = "given noise along the axes of their colours, where they have three channels"
ANY_SHAPE = "were cropped at random to 8 to 100 % of their area at ratios from 3:4 to 4:3"
MOVED = "moved at random by up to an eighth of their size"
STRONG = (
    f"turned by up to {DEGREES:g}°, scaled by up to {SCALE:g}, changed in contrast and brightness, and half of the "
    "time covered in part"
)
AUGMENTATION = {
    "none": "were not augmented",
    "shift": f"were {MOVED}",
    "flip": f"were {MOVED} and mirrored left to right",
    "dihedral": f"were {MOVED}, mirrored, and turned by quarters",
    "shift+strong": f"were {MOVED}, {STRONG}",
    "flip+strong": f"were {MOVED}, mirrored left to right, {STRONG}",
    "dihedral+strong": f"were {MOVED}, mirrored, turned by quarters, {STRONG}",
    "cifar": f"were {MOVED}, over a ground of the mean, and mirrored",
    "alexnet": f"were cropped at random to 7/8 of their side, mirrored, and {RECOLOURED}",
    "vgg": f"were cropped at random to 7/16 to 7/8 of their side, mirrored, and {RECOLOURED}",
    "resnet": f"were cropped at random to 7/15 to 7/8 of their side, mirrored, and {RECOLOURED}",
    "googlenet": f"{ANY_SHAPE}, and mirrored",
    "resnext": f"{ANY_SHAPE}, mirrored, and {RECOLOURED}",
}


@dataclass(frozen=True)
class Methods:
    """The paragraph, and the literature that its marks stand for, in their order."""

    paragraph: str
    references: tuple[str, ...]


def run_methods(facts: Facts) -> Methods:
    """The paragraph of one run; what is not known is left out, or said to be not known."""
    references = References(facts.version)
    sentences = [
        *data_sentences(facts),
        *preprocessing_sentences(facts),
        *_network(facts, references),
        *_training(facts),
        *calibration_sentences(facts, references),
        *_results(facts, references),
    ]
    return Methods(" ".join(sentences), references.lines)


def data_sentences(facts: Facts) -> list[str]:
    """What was classified, and how it was divided."""
    if not facts.counts:
        return [f"The images and their split are {NOT_KNOWN}."]
    sizes = {name: facts.of_class(name) for name in facts.classes}
    if len(sizes) <= MOST_CLASSES:
        of_classes = f" ({'; '.join(f'{name}: {images:,}' for name, images in sizes.items())})"
    else:
        of_classes = f" of {min(sizes.values()):,} to {max(sizes.values()):,} images"
    grouped = f", from {facts.all_groups:,} groups of images that belong together" if facts.groups else ""
    found = [f"The data were {facts.all_images:,} images in {len(sizes)} classes{of_classes}{grouped}."]
    unused = len(facts.network.tables.left_out)
    if unused:
        found.append(f"{unused:,} further image{'s' * (unused > 1)} could not be used and {_were(unused)} left out.")
    purposes = {"train": "training", "validation": "validation", "test": "testing"}
    parts = [
        f"{facts.images(split):,}{_groups(facts, split)} for {purpose}"
        for split, purpose in purposes.items()
        if facts.images(split)
    ]
    if facts.folds:
        parts[0] = f"{parts[0].removesuffix(' for training')} for training in {facts.folds}-fold cross-validation"
    divided = facts.divided_groups or 0
    kept = f"; {divided or 'no'} group{'s' * (divided > 1)} had images in two of these sets" if facts.groups else ""
    how = f"They were divided into {listed(parts)}" if len(parts) > 1 else parts[0].replace(" for", " were for", 1)
    found.append(f"{how}{kept}.")
    return found


def preprocessing_sentences(facts: Facts) -> list[str]:
    """What an image goes through before the network sees it."""
    prepared = facts.preprocessing
    if not prepared:
        return []
    channels, size = prepared.get("channels"), prepared.get("size")
    during = augmentation_words(facts.recipe)
    kind = f"{channels} channel{'s' * (channels != 1)}, {prepared.get('dtype')}"
    over = normalised_words(prepared, facts.pretrained)
    taken = list(filter(None, (projection_words(prepared), channel_words(prepared))))
    scaled = intensity_words(prepared)
    return [
        *([f"The network was given {', and '.join(taken)}."] if taken else []),
        f"The central square of each image ({kind}) was resized to {size} × {size} pixels"
        + (f", scaled so that {scaled}," if scaled else "")
        + f" and normalised by the mean and standard deviation of each channel {over}"
        + (f"; during training, images {during}." if during else "."),
    ]


def augmentation_words(recipe: dict[str, Any]) -> str:
    """What is done to images in training, after "images"; empty where it is not known."""
    policy = recipe.get("augment")
    return AUGMENTATION.get(str(policy), f"were augmented by the policy “{policy}”") if policy else ""


def deviation_words(about: Architecture) -> str:
    """How a network differs from the one published; "ours" there is Leadline's."""
    return about.deviates.replace("ours,", "Leadline’s own,")


def _network(facts: Facts, references: References) -> list[str]:
    network, about = facts.network, facts.about
    cited = f" {references.cite(*papers_of(about))}" if about else ""
    layers = f"{network.depth} layers with weights, " if network.depth else ""
    size = f" ({layers}{_number(network.parameters)} parameters)" if network.parameters else ""
    program = f"Leadline {facts.version} {references.cite('Leadline')}{revision_words(facts.environment)}"
    sentences = [f"We trained the convolutional network {network.name}{cited}{size} with {program}."]
    if about and about.deviates:
        sentences.append(f"It is not the published network: {deviation_words(about)}.")
    return sentences


def training_words(recipe: dict[str, Any]) -> str:
    """The optimiser and its settings, those that the recipe has."""
    if recipe.get("optimizer") == "adamw":
        parts = [f"by AdamW with β₁ = {recipe.get('momentum')} and β₂ = {recipe.get('second_momentum')}"]
    else:
        kind = "Nesterov momentum" if recipe.get("nesterov") else "momentum"
        momentum = f" with {kind} {recipe['momentum']:g}" if recipe.get("momentum") else ""
        parts = [f"by stochastic gradient descent{momentum}"]
    parts += [rate_words(recipe), *factor_words(recipe)]
    if recipe.get("weight_decay"):
        everything = " on all parameters" if recipe.get("decay_norms_and_biases") else ""
        parts.append(f"weight decay {recipe['weight_decay']:g}{everything}")
    if recipe.get("longest_gradient"):
        parts.append(f"gradients shortened to a norm of {recipe['longest_gradient']:g}")
    if recipe.get("balance") not in (None, "", "none"):
        parts.append(f"classes balanced by {recipe['balance']}")
    smoothing = recipe.get("label_smoothing")
    parts.append(f"cross-entropy with labels smoothed by {smoothing:g}" if smoothing else "cross-entropy")
    return listed(parts)


def _training(facts: Facts) -> list[str]:
    recipe = facts.recipe
    if not recipe:
        return [f"The settings of the training are {NOT_KNOWN}."]
    epochs = facts.network.tables.history[-1].get("epoch") if facts.network.tables.history else None
    passes = f" ({epochs:.3g} epochs)" if epochs else ""
    steps, batch_size = recipe.get("steps"), recipe.get("batch_size")
    length = (
        f"{steps:,} steps of {batch_size} images" if known(steps) and batch_size else f"a length that is {NOT_KNOWN}"
    )
    begun = begun_words(recipe, facts.pretrained, seed=f" (seed {recipe.get('seed', NOT_KNOWN)})")
    sentences = [f"It was trained {begun} for {length}{passes} {training_words(recipe)}; {kept_words(recipe)}."]
    if frozen(recipe):
        sentences = [frozen_words(recipe, facts.metrics)]
    machine = machine_words(facts.environment)
    if facts.network.training_seconds and machine:
        sentences.append(f"This took {duration(facts.network.training_seconds)} in {machine}.")
    return sentences


def machine_words(environment: dict[str, Any]) -> str:
    """Precision, processor, threads and PyTorch's version, as far as they are known."""
    hardware = environment.get("hardware") or {}
    if not hardware.get("processor"):
        return ""
    threads = hardware.get("threads")
    device = str(hardware["processor"])
    if hardware.get("device") not in (None, "cpu"):
        device = f"{hardware['device']} beside {device}"
    counted = f" ({threads} thread{'s' * (threads != 1)})" if threads else ""
    torch = (environment.get("packages") or {}).get("torch")
    return f"{hardware.get('precision')} on {device}{counted}" + (f" with PyTorch {torch}" if torch else "")


def calibration_sentences(facts: Facts, references: References) -> list[str]:
    """The temperature, and what it changed."""
    temperature, split = facts.calibration.get("temperature"), facts.judged_on
    if not known(temperature):
        return []
    fitted = facts.calibration.get("n")
    images = f"{fitted:,} " if known(fitted) else ""
    fitted_on = f"{images}{facts.calibration.get('fitted_on') or 'validation'} images"
    if temperature == 1:
        return [f"Probabilities are as the network states them; no temperature made those of the {fitted_on} better."]
    marks = references.cite("temperature")
    start = f"Probabilities were calibrated by a temperature {marks} of {temperature:.3g}, fitted on the {fitted_on}"
    measured = facts.calibration.get(split) or {}
    before, after = measured.get("before") or {}, measured.get("after") or {}
    changes = [
        f"{name} from {_stated(key, before)} to {_stated(key, after)}"
        for key, name in (
            ("log_loss", "the log loss"),
            ("expected_calibration_error", "the expected calibration error"),
        )
        if value_of(before.get(key)) is not None and value_of(after.get(key)) is not None
    ]
    return [f"{start}; on the {split} images it changed {listed(changes)}." if changes else f"{start}."]


def _stated(key: str, measured: dict[str, Any]) -> str:
    """Of few images a calibration error is above nothing however well calibrated a network is: never alone."""
    return measure_words(measured[key], 3) if key.endswith("error") else plain(value_of(measured[key]))


def _results(facts: Facts, references: References) -> list[str]:
    accuracy, split = facts.judged.get("accuracy"), facts.judged_on
    if value_of(accuracy) is None or accuracy is None:
        return [f"Its accuracy is {NOT_KNOWN}: this run has not been evaluated."]
    looks = facts.metrics.get("looks_at_test")
    looked = f", which were looked at {times(looks)}," if split == "test" and looks else ""
    if split == "out-of-fold":
        looked = ", each judged by a network that was trained without it,"
    bounds = f" (95 % interval {percent_interval(accuracy)})" if bounds_of(accuracy) else ""
    baseline = facts.judged.get("majority_baseline")
    against = f"; always answering the most frequent class gives {percent(baseline)}" if known(baseline) else ""
    right = f"{percent(accuracy['value'])}{bounds}"
    sentences = [f"On the {accuracy['n']:,} {split} images{looked} its accuracy was {right}{against}."]
    others = [
        f"{name} {measure_words(facts.judged[key], digits)}"
        for key, (name, digits) in MEASURES.items()
        if key in ("balanced_accuracy", "macro_f1", "auroc", "matthews_correlation")
        and value_of(facts.judged.get(key)) is not None
    ]
    if others:
        sentences.append(f"Further measures: {listed(others)}.")
    return [*sentences, *interval_sentences(facts, references)]


def measure_words(estimate: dict[str, Any], digits: int | None) -> str:
    """A value with its interval: per cent where `digits` is None, else a plain number."""
    value, bounds = value_of(estimate), bounds_of(estimate)
    if value is None:
        return "undefined" if str(estimate.get("method")).startswith("undefined") else NOT_KNOWN
    if digits is None:
        return percent(value) + (f" ({percent_interval(estimate)})" if bounds else " (no interval)")
    if not bounds:
        return f"{plain(value, digits)} (no interval)"
    to = "–" if bounds[0] >= 0 else " to "
    return f"{plain(value, digits)} ({plain(bounds[0], digits)}{to}{plain(bounds[1], digits)})"


def interval_sentences(facts: Facts, references: References) -> list[str]:
    """How the intervals were made."""
    accuracy = facts.judged.get("accuracy") or {}
    clustered = str(accuracy.get("method", "")).partition("clustered by ")[2]
    others = [facts.judged.get(key) or {} for key in MEASURES]
    resampled = any("bootstrap" in str(one.get("method")) for one in others)
    marks = references.cite("Wilson", "clustered") if clustered else references.cite("Wilson")
    at = f" at the effective number of images of {clustered}" if clustered else ""
    found = f"Intervals are at 95 % confidence: of proportions Wilson’s{at} {marks}"
    if "logit" in str((facts.judged.get("auroc") or {}).get("method")):
        found += f", of areas DeLong’s{' over groups' * bool(clustered)} on the logit scale {references.cite('DeLong')}"
    if resampled:
        found += f", of other measures by bootstrap{' over groups' * bool(clustered)} {references.cite('bootstrap')}"
    return [f"{found}."]


def revision_words(environment: dict[str, Any]) -> str:
    """In brackets, where the program's revision is known."""
    revision = environment.get("revision")
    return f" (revision {revision[:12]})" if revision else ""


def _number(parameters: int) -> str:
    return f"{parameters:,}" if parameters < 1_000_000 else f"{parameters / 1e6:.3g} million"


def _groups(facts: Facts, split: str) -> str:
    number = facts.groups.get(split)
    return f" ({number:,} group{'s' * (number != 1)})" if number else ""


def _were(number: int) -> str:
    return "were" if number > 1 else "was"


def times(number: int) -> str:
    """Once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def listed(parts: list[str]) -> str:
    """One, two and three."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
