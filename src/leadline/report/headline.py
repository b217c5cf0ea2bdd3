"""What a run comes to, in a line, and what that means for the person who asked."""

from dataclasses import dataclass

from leadline.report.run_tables import Network
from leadline.wording import SPACE, bounds_of, percent, percent_interval, value_of


@dataclass(frozen=True)
class Headline:
    line: str
    meaning: tuple[str, ...]  # a paragraph each


def run_headline(network: Network) -> Headline:
    accuracy = value_of(network.judged("accuracy"))
    if accuracy is None:
        return Headline("Not finished.", ("This training has not been evaluated; below is what it left so far.",))
    return Headline(
        f"{percent(accuracy)} of the {network.judged_on} are classified correctly.", tuple(_how_good(network))
    )


def _how_good(network: Network) -> list[str]:
    accuracy = network.judged("accuracy")
    if accuracy is None or accuracy.value is None:
        return []
    value, baseline = accuracy.value, network.test.majority_baseline if network.test else None
    images = f"{accuracy.n:,} {network.judged_on}"
    interval = f" (95{SPACE}% interval {percent_interval(accuracy)})" if bounds_of(accuracy) else ""
    against = (
        f"; always answering the most frequent class would get {percent(baseline)}" if baseline is not None else ""
    )
    if network.judged_split == "out-of-fold":
        folds = network.folds.folds if network.folds else 0
        crossed = (
            f"{network.name} is right in {percent(value)}{interval} of {images}{against}. Each image was judged by a "
            f"network that was trained without it, in one of {folds} folds.{_repeated(network)}"
        )
        handed_over = (
            "The classifier that is handed over was trained on all of these images with the same recipe, so none is "
            "left to judge it itself: it can be expected to do about as well, or a little better."
        )
        return [crossed, handed_over] if network.tables.classifier else [crossed]
    pretrained = network.tables.metrics.pretrained if network.tables.metrics else None
    unseen = " that it had never seen" if pretrained is None or pretrained.images_known else ""
    if network.judged_split == "validation":
        unseen = " that it was not trained on"
    found = [f"On {images}{unseen}, {network.name} is right in {percent(value)}{interval}{against}."]
    if network.folds:
        out_of_fold = network.chosen("accuracy")
        found.append(
            f"In {network.folds.folds} folds of the other images, {percent(value_of(out_of_fold))} "
            f"({percent_interval(out_of_fold)}) were classified correctly by networks trained without them."
            f"{_repeated(network)}"
        )
    return found


def _repeated(network: Network) -> str:
    spread = network.folds.repeats_spread if network.folds else None
    if spread is None:
        return ""
    accuracies = spread.accuracies
    lowest, highest = percent(min(accuracies)), percent(max(accuracies))
    return f" Over {len(accuracies)} repeats with other folds it was {lowest} to {highest}."
