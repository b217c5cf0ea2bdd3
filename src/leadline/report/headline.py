"""The verdict in a line, and what it means for the person who asked."""

from dataclasses import dataclass
from typing import Any

from leadline.report.tables import Network
from leadline.report.wording import SPACE, bounds_of, count, known, percent, percent_interval, value_of

LONGER = "Longer training (--epochs or --minutes) or another recipe may well turn the order below around."


@dataclass(frozen=True)
class Headline:
    line: str
    reason: str  # the verdict's own sentence
    meaning: tuple[str, ...]  # a paragraph each


def comparison_headline(verdict: dict[str, Any], networks: list[Network], images: dict[str, int]) -> Headline:
    """For a verdict as comparison.json holds it; an empty one means that the comparison was not finished."""
    by_name = {network.name: network for network in networks}
    choice, best = by_name.get(verdict.get("choice") or ""), by_name.get(verdict.get("best") or "")
    reason = verdict.get("reason") or ""
    if not verdict:
        done = sum(bool(network.test) for network in networks)
        line = "Not finished."
        meaning = [
            f"{done} of {len(networks)} networks are trained so far; there is no verdict before all of them are."
        ]
    elif choice:
        alone = len(verdict.get("networks") or ()) == 1
        line = f"Only {choice.name} was judged." if alone else f"{choice.name} is enough."
        meaning = [*_how_good(choice), *_how_cheap(choice, best, networks)]
    elif best:
        needed = verdict.get("images_needed")
        what = "validation images" if images.get("validation") else "images"
        line = f"Undecided: it takes about {needed:,} {what}." if known(needed) else "Undecided."
        advice = LONGER if verdict.get("not_judged") else _safe_choice(best, networks)
        meaning = [advice, *_how_good(best), *_images_in_all(needed, images)]
    else:
        line = "No network could be judged."
        meaning = [LONGER]
    return Headline(line, reason, tuple(meaning))


def run_headline(network: Network) -> Headline:
    accuracy = value_of(network.test.get("accuracy"))
    if accuracy is None:
        return Headline("Not finished.", "", ("This training has not been evaluated; below is what it left so far.",))
    return Headline(f"{percent(accuracy)} of the {network.judged_on} are named rightly.", "", tuple(_how_good(network)))


def _how_good(network: Network) -> list[str]:
    accuracy = network.test.get("accuracy")
    value, baseline = value_of(accuracy), network.test.get("majority_baseline")
    if value is None:
        return []
    n = (accuracy or {}).get("n")
    images = f"{n:,} {network.judged_on}" if known(n) else network.judged_on
    interval = f" (95{SPACE}% interval {percent_interval(accuracy)})" if bounds_of(accuracy) else ""
    against = f"; always answering the most frequent class would get {percent(baseline)}" if known(baseline) else ""
    if network.judged_split != "test":
        return [
            f"{network.name} is right in {percent(value)}{interval} of {images}{against}. Each image was judged by a "
            f"network that was trained without it, in one of {network.folds.get('folds')} folds.{_repeated(network)}",
            "The classifier that is handed over was trained on all of these images with the same recipe, so none is "
            "left to judge it itself: it can be expected to do about as well, or a little better.",
        ]
    pretrained = network.tables.metrics.get("pretrained") or {}
    unseen = " that it had never seen" if not pretrained or pretrained.get("images_known") else ""
    found = [f"On {images}{unseen}, {network.name} is right in {percent(value)}{interval}{against}."]
    if network.folds:
        crossed = network.validation.get("accuracy")
        found.append(
            f"In {network.folds['folds']} folds of the other images, {percent(value_of(crossed))} "
            f"({percent_interval(crossed)}) were named rightly by networks trained without them.{_repeated(network)}"
        )
    return found


def _repeated(network: Network) -> str:
    accuracies = (network.folds.get("repeats_spread") or {}).get("accuracies") or ()
    if len(accuracies) < 2:
        return ""
    lowest, highest = percent(min(accuracies)), percent(max(accuracies))
    return f" Over {len(accuracies)} repeats with other folds it was {lowest} to {highest}."


def _how_cheap(choice: Network, best: Network | None, networks: list[Network]) -> list[str]:
    if best is None or not choice.multiply_adds:
        return []
    cost = f"It takes {count(choice.multiply_adds)} multiply-adds an image"
    if best.name != choice.name and best.multiply_adds:
        return [
            f"{cost}, {_share(choice.multiply_adds / best.multiply_adds)} {best.name}, the most accurate on the "
            f"{choice.chosen_on} images."
        ]
    dearest = max((one for one in networks if one.multiply_adds), key=lambda one: one.multiply_adds or 0)
    if dearest.name != choice.name and dearest.multiply_adds:
        share = _share(choice.multiply_adds / dearest.multiply_adds)
        return [f"{cost}, {share} {dearest.name}, and none was more accurate on the {choice.chosen_on} images."]
    return [f"{cost}, the most of all that were compared: no cheaper one is shown to do as well."]


def _safe_choice(best: Network, networks: list[Network]) -> str:
    cheaper = [one for one in networks if (one.multiply_adds or 0) < (best.multiply_adds or 0)]
    safe = f"Until then {best.name} is the safe choice: it was the most accurate on the {best.chosen_on} images"
    if not cheaper:
        return f"{safe}, and none is cheaper."
    return f"{safe}, and no cheaper network is shown to do as well. That is not to say that none does."


def _share(ratio: float) -> str:
    """How one cost stands to another, ready for "… of the other"."""
    if ratio >= 1.05:
        return f"{ratio:.2g} times those of"
    if ratio > 0.95:
        return "about as many as"
    return f"{percent(ratio, 0)} of those of" if ratio > 0.02 else f"{percent(ratio, 1)} of those of"


def _images_in_all(needed: int | None, images: dict[str, int]) -> list[str]:
    validation, total = images.get("validation") or 0, sum(number or 0 for number in images.values())
    if needed is None or not known(needed) or not validation:
        return []
    return [
        f"{needed:,} validation images, split as here, are about {_rounded(needed * total / validation):,} images in "
        f"all; there are {total:,}. A larger margin (--margin) needs fewer."
    ]


def _rounded(number: float) -> int:
    """To two digits: an estimate must not look like more."""
    return int(float(f"{number:.2g}"))
