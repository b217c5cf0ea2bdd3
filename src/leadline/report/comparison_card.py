"""MODEL_CARD.md of a comparison: its answer, its candidates, what limits it, and a paragraph to paste."""

from pathlib import Path
from typing import Any

from leadline.report.answer import answer_words, left_after_heat, standings_of
from leadline.report.card import NAME, methods_part
from leadline.report.comparison_methods import Compared, compared_in, comparison_methods
from leadline.report.facts import NOT_KNOWN
from leadline.report.markdown import code, escaped, field, table, write
from leadline.report.methods import measure_words
from leadline.wording import chance, count, duration, percent, points, probability


def write_comparison_card(folder: Path) -> Path:
    """Write MODEL_CARD.md above the runs of a comparison; its path.

    Raises LeadlineError where there is no comparison.json.
    """
    compared = compared_in(folder)
    result, words = compared.result, answer_words(compared.result)
    data = Path(result.data).name or f"data that are {NOT_KNOWN}"
    number = len(compared.networks) + len(compared.left)
    parts = [
        f"# Comparison card: {number} network{'s' * (number != 1)} on {escaped(data)}",
        f"Written by Leadline {compared.version} from the tables in this folder. Each network’s folder has a model "
        "card which answers the questions of the DOME recommendations.",
        "## Answer",
        field(escaped(words.headline[0].removesuffix(".")), " ".join(map(escaped, words.findings))),
        *map(escaped, words.others),
        *map(escaped, words.basis),
        "## Networks",
        _network_table(compared),
        *_heat(compared),
        *_looks(compared),
        *_seeds(compared),
        *_tests(result.tests or {}),
        methods_part(comparison_methods(compared)),
    ]
    return write(folder / NAME, parts)


def _network_table(compared: Compared) -> str:
    result = compared.result
    standings = standings_of(result)
    tested = any(facts.network.judged_split == "test" for facts in compared.networks)
    measure = result.criterion.replace("_", " ")
    rows = []
    for facts in compared.networks:
        network, standing = facts.network, standings.get(facts.network.name)
        test = network.test.get(result.criterion) if network.judged_split == "test" else None
        rows.append(
            [
                code(network.name),
                count(network.parameters),
                count(network.multiply_adds),
                duration(network.prediction_seconds),
                measure_words(network.validation.get(result.criterion) or {}, None),
                f"{points(standing.loss)}, at most {points(max(0.0, standing.loss_bound))}" if standing else "",
                probability(standing.probability) if standing else "; ".join(map(escaped, network.remarks)),
                *([measure_words(test, None) if test else ""] if tested else []),
            ]
        )
    featured = compared.featured
    if featured and result.criterion == "accuracy":
        shares = [
            percent(figures.get("majority_baseline")) for figures in (featured.network.validation, featured.judged)
        ]
        rows.append(["always the most frequent class", "", "", "", shares[0], "", "", *(shares[1:] if tested else [])])
    head = [
        "network",
        "parameters",
        "multiply-adds",
        "time per image",
        f"{compared.chosen_on} {measure}",
        "points below the best",
        f"probability of less than {100 * result.margin:g}",
        *([f"test {measure}"] if tested else []),
    ]
    return table(head, rows)


def _heat(compared: Compared) -> list[str]:
    left = left_after_heat(compared.result)
    if not left:
        return []
    rows = [
        [
            code(one.name),
            f"{one.steps:,}",
            percent(compared.result.reached(one)),
            NOT_KNOWN if behind is None else points(behind, 1),
        ]
        for one, behind in left
    ]
    measure = compared.result.criterion.replace("_", " ")
    return [
        "## Left after the heat",
        "What these networks reached in a short training; it does not show that they are worse.",
        table(["network", "steps", f"validation {measure}", "points behind the best of the heat"], rows),
    ]


def _looks(compared: Compared) -> list[str]:
    looks = compared.looks_at_test
    if not looks:
        return []
    later = f", {looks - 1:,} of them by `evaluate` after the comparison" if looks > 1 else ""
    return [field("Looks at the test images", f"{looks:,}{later}; all networks share these images.")]


def _seeds(compared: Compared) -> list[str]:
    rows = [
        [
            code(facts.network.name),
            split,
            ", ".join(percent(accuracy) for accuracy in spread["accuracies"]),
            points(spread["between_seeds"]),
            NOT_KNOWN if spread["between_images"] is None else points(spread["between_images"]),
        ]
        for facts in compared.networks
        for split, spread in facts.network.seed_spread.items()
    ]
    if not rows:
        return []
    head = [
        "network",
        "images",
        "accuracy of each seed",
        "standard deviation between seeds",
        "standard error from the images",
    ]
    return ["## Trained again from other seeds", "In percentage points.", table(head, rows)]


def _tests(tests: dict[str, Any]) -> list[str]:
    pairs = tests.get("pairs") or []
    if not pairs:
        return []
    rows = [
        [
            f"{code(pair['first'])} – {code(pair['second'])}",
            f"{points(pair['value'], 1)} ({points(pair['low'], 1)} to {points(pair['high'], 1)})",
            f"{pair['only_first']:,} – {pair['only_second']:,}",
            chance(pair["p_value"]),
            chance(pair["p_value_holm"]),
        ]
        for pair in pairs
    ]
    told = (
        f"McNemar’s exact test of each pair on the {pairs[0]['n']:,} {tests['split']} images (seed {tests['seed']}); "
        "the answer does not rest on it."
    )
    return [
        "## Tests",
        told,
        table(["pair", "difference in points (95 % interval)", "only one right", "p", "p after Holm"], rows),
    ]
