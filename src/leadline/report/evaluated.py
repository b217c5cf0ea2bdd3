"""How good a run's network is, as a model card says it: measures, what they are held against, and how sure they are."""

from typing import Any

from leadline.report.facts import MEASURES, NOT_KNOWN, Facts
from leadline.report.markdown import code, escaped, field, table
from leadline.report.methods import measure_words
from leadline.wording import known, percent, plain, value_of

# The shares of images answered that a card shows of the curve of accuracy against coverage.
COVERAGES = (1.0, 0.95, 0.9, 0.8, 0.5)


def evaluation(facts: Facts) -> list[str]:
    """The evaluation part of the DOME recommendations, as Markdown blocks."""
    judged = facts.judged
    if not judged:
        return [field("Evaluation method", "None yet: this run has not been evaluated.")]
    baseline = judged.get("majority_baseline")
    return [
        field("Evaluation method", _how(facts)),
        field("Performance measures", f"On the {facts.judged_on} images, with 95 % intervals:"),
        _measure_table(judged),
        _class_table(judged),
        field(
            "Comparison",
            f"Always answering the most frequent class: {percent(baseline) if known(baseline) else NOT_KNOWN}. With "
            "other networks: where this folder lies in that of a comparison, in its card. With published methods: no.",
        ),
        field("Confidence", _confidence(facts)),
        *_calibration(facts),
        *_abstention(facts),
        field(
            "Availability of evaluation", "`predictions.parquet` (every probability), `metrics.json`, `report.html`."
        ),
    ]


def _how(facts: Facts) -> str:
    number, looks = (facts.judged.get("accuracy") or {}).get("n"), facts.metrics.get("looks_at_test")
    n = f"{number:,}" if known(number) else f"a number that is {NOT_KNOWN} of"
    if facts.judged_on == "test":
        return f"On the {n} test images of the split above; looks at them so far: {looks or NOT_KNOWN}."
    if facts.judged_on == "out-of-fold":
        return f"{facts.folds}-fold cross-validation: each of {n} images was judged by a network trained without it."
    return f"On {n} validation images. There is no test split: no figure here is of images set apart to the end."


def _measure_table(judged: dict[str, Any]) -> str:
    measured = [(name, judged[key], digits) for key, (name, digits) in MEASURES.items() if key in judged]
    rows = [[name, measure_words(estimate, digits)] for name, estimate, digits in measured]
    return table(["measure", "value (95 % interval)"], rows)


def _class_table(judged: dict[str, Any]) -> str:
    shown: tuple[tuple[str, int | None], ...] = (("precision", None), ("recall", None), ("f1", 3))
    rows = [
        [code(name), *(measure_words(found.get(key) or {}, digits) for key, digits in shown), f"{found['support']:,}"]
        for name, found in (judged.get("per_class") or {}).items()
    ]
    return table(["class", "precision", "recall", "F1", "images"], rows)


def _confidence(facts: Facts) -> str:
    judged = facts.judged
    ways: dict[str, list[str]] = {}
    for key, (name, _) in MEASURES.items():
        if value_of(judged.get(key)) is not None:
            ways.setdefault(str(judged[key].get("method")), []).append(name)
    found = [f"{'; '.join(escaped(f'{way}: ') + ', '.join(names) for way, names in ways.items())}."]
    if judged.get("warnings"):
        found.append(f"To be kept in mind: {escaped('; '.join(judged['warnings']))}.")
    of = "groups of images" if any("clustered" in way for way in ways) else "images"
    which = "the networks of these folds" if facts.judged_on == "out-of-fold" else "this trained network"
    found.append(f"The intervals are of {of}, for {which}; what another seed would change is not in them.")
    return " ".join(found)


def _calibration(facts: Facts) -> list[str]:
    measured = facts.calibration.get(facts.judged_on)
    if not measured or facts.calibration["temperature"] == 1:  # the measures above are all that there is to say
        return []
    rows = [
        [MEASURES[key][0], *(measure_words(measured[when].get(key) or {}, 3) for when in ("before", "after"))]
        for key in measured["after"]
    ]
    told = (
        f"On the {facts.judged_on} images, before and after the temperature of {facts.calibration['temperature']:.3g}:"
    )
    if facts.calibration.get("fitted_on") == facts.judged_on:
        told = f"The temperature was fitted on these very images, which flatters it. {told}"
    return [field("Calibration", told), table(["", "before", "after"], rows)]


def _abstention(facts: Facts) -> list[str]:
    points = points_at(facts.judged.get("abstention") or [], COVERAGES)
    if not points:
        return []
    rows = [
        [percent(point["coverage"]), plain(point["min_confidence"]), measure_words(point["accuracy"], None)]
        for point in points
    ]
    told = f"Accuracy on the {facts.judged_on} images where the least confident answers are left open:"
    return [field("Abstention", told), table(["answered", "`--min-confidence`", "accuracy (95 % interval)"], rows)]


def points_at(curve: list[dict[str, Any]], coverages: tuple[float, ...]) -> list[dict[str, Any]]:
    """The points of an abstention curve whose coverage is nearest to these, each once, from all answers downwards."""
    chosen = [min(curve, key=lambda point: abs(point["coverage"] - wanted)) for wanted in coverages] if curve else []
    return [point for number, point in enumerate(chosen) if point not in chosen[:number]]
