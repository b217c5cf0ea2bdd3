"""MODEL_CARD.md of a comparison: its candidates, its verdict, what limits it, and a paragraph to paste."""

from pathlib import Path
from typing import Any

from leadline.report.card import NAME, methods_part
from leadline.report.comparison_methods import Compared, compared_in, comparison_methods
from leadline.report.facts import NOT_KNOWN
from leadline.report.markdown import code, escaped, field, table, write
from leadline.report.methods import measure_words
from leadline.report.wording import chance, count, margin_in_points, percent, points


def write_comparison_card(folder: Path) -> Path:
    """Write MODEL_CARD.md above the runs of a comparison; its path.

    Raises LeadlineError where there is no comparison.json.
    """
    compared = compared_in(folder)
    data = Path(compared.about.get("data") or "").name or f"data that are {NOT_KNOWN}"
    networks = [facts.network for facts in compared.networks]
    parts = [
        f"# Comparison card: {len(networks)} networks on {escaped(data)}",
        f"Written by Leadline {compared.version} from the tables in this folder. Each network’s folder has a model "
        "card which answers the questions of the DOME recommendations.",
        "## Verdict",
        *_verdict(compared),
        "## Networks",
        _network_table(compared),
        *_looks(compared),
        *_seeds(compared),
        *_tests(compared.about.get("tests") or {}),
        methods_part(comparison_methods(compared)),
    ]
    return write(folder / NAME, parts)


def _verdict(compared: Compared) -> list[str]:
    verdict = compared.verdict
    if not verdict:
        return ["None yet: this comparison is not finished."]
    rule = (
        f"The cheapest network that is shown, with {percent(verdict['confidence'], 0)} confidence for all networks at "
        f"once and on the same {compared.chosen_on} images, to lose less than {margin_in_points(verdict['margin'])} "
        "of accuracy against the best."
    )
    blocks = [field("Rule", rule), field("Verdict", escaped(verdict["reason"]))]
    reasons = {name: why for name, why in verdict["not_judged"].items() if why not in verdict["reason"]}
    return blocks + [field(f"Not judged, {escaped(name)}", f"{escaped(why)}.") for name, why in reasons.items()]


def _network_table(compared: Compared) -> str:
    losses = {one["name"]: one for one in compared.verdict.get("networks") or ()}
    tested = all(facts.network.judged_split == "test" for facts in compared.networks)
    rows = []
    for facts in compared.networks:
        network, loss = facts.network, losses.get(facts.network.name)
        rows.append(
            [
                code(network.name),
                count(network.parameters),
                count(network.multiply_adds),
                measure_words(network.validation.get("accuracy") or {}, None),
                f"{points(loss['loss'])}, at most {points(loss['loss_upper'])}" if loss else "not judged",
                *([measure_words(network.test.get("accuracy") or {}, None)] if tested else []),
            ]
        )
    featured = compared.featured
    if featured:
        measured = (featured.network.validation, featured.network.test)
        shares = [percent(figures.get("majority_baseline")) for figures in measured]
        rows.append(["always the most frequent class", "", "", shares[0], "", *(shares[1:] if tested else [])])
    head = [
        "network",
        "parameters",
        "multiply-adds",
        f"{compared.chosen_on} accuracy",
        "points lost against the best",
        *(["test accuracy"] if tested else []),
    ]
    return table(head, rows)


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
        "the verdict does not rest on it."
    )
    return [
        "## Tests",
        told,
        table(["pair", "difference in points (95 % interval)", "only one right", "p", "p after Holm"], rows),
    ]
