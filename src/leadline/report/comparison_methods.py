"""The methods paragraph of a comparison: candidates, rounds, rule and margin, and the answer in its own words."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from leadline.report.answer import answer_words, left_after_heat
from leadline.report.citations import References, papers_of
from leadline.report.facts import NOT_KNOWN, Facts, facts_of
from leadline.report.looks import looks_at_test
from leadline.report.methods import (
    Methods,
    calibration_sentences,
    data_sentences,
    interval_sentences,
    listed,
    machine_words,
    preprocessing_sentences,
    revision_words,
    times,
    training_words,
)
from leadline.report.schedule_words import kept_words
from leadline.report.transfer_words import frozen, frozen_words, normalised_words
from leadline.results.comparison_result import ComparisonResult, NetworkResult
from leadline.results.json_files import read_comparison
from leadline.wording import known, margin_in_points, percent, points, value_of

# Settings that every network of a comparison may have for itself, and their names in a sentence.
OWN = {"learning_rate": "highest learning rate", "batch_size": "images per step", "size": "pixels", "steps": "steps"}


@dataclass(frozen=True)
class Compared:
    """A comparison as its folder holds it; the facts of a network are those of its first seed."""

    result: ComparisonResult
    networks: tuple[Facts, ...]  # of the round that the answer rests on, as far as they have a folder
    left: tuple[Facts, ...]  # that left after the heat
    looks_at_test: int  # of all networks and seeds together

    @property
    def trained(self) -> tuple[Facts, ...]:
        return tuple(facts for facts in self.networks if facts.judged)

    @cached_property
    def featured(self) -> Facts | None:
        """The network of the answer; without one the most accurate so far."""
        named = self.result.answer.name if self.result.answer else None
        return max(
            self.trained,
            key=lambda one: (
                one.network.name == named,
                value_of(one.network.validation.get(self.result.criterion)) or 0,
            ),
            default=None,
        )

    @property
    def chosen_on(self) -> str:
        return "out-of-fold" if any(one.network.chosen_on == "out-of-fold" for one in self.networks) else "validation"

    @property
    def version(self) -> str:
        return next((facts.version for facts in self.networks), f"(version {NOT_KNOWN})")


def compared_in(folder: Path) -> Compared:
    """The comparison in `folder`. Raises LeadlineError where there is no readable comparison.json."""
    result = read_comparison(folder)
    last = result.final or (result.rounds[-1] if result.rounds else None)

    def read(networks: Iterable[NetworkResult]) -> tuple[Facts, ...]:
        there = [one for one in networks if (folder / one.run).is_dir()]
        return tuple(facts_of(folder / one.run, one, result.seed_spreads.get(one.name)) for one in there)

    left = read(one for one, _ in left_after_heat(result))
    return Compared(result, read(last.networks if last else ()), left, looks_at_test(folder, result))


def comparison_methods(compared: Compared) -> Methods:
    """The paragraph; empty sentences are left out where the comparison is not finished."""
    references = References(compared.version)
    if not compared.networks:
        return Methods(f"The networks of this comparison are {NOT_KNOWN}.", ())
    shown = compared.featured or compared.networks[0]
    trained = [facts for facts in (shown, *compared.networks) if not frozen(facts.recipe)]
    sentences = [
        *data_sentences(shown),
        *preprocessing_sentences((trained or [shown])[0]),
        *_candidates(compared, references),
        *_race(compared),
        *_rule(compared, references),
        *_result(compared, references),
        *_seeds(compared),
        *_tests(compared.result.tests or {}, references),
        *(interval_sentences(shown, references) if compared.featured else []),
    ]
    return Methods(" ".join(sentences), references.lines)


def _candidates(compared: Compared, references: References) -> list[str]:
    first, everyone = compared.networks[0], (*compared.networks, *compared.left)
    program = f"Leadline {compared.version} {references.cite('Leadline')}{revision_words(first.environment)}"
    named = [
        f"{facts.network.name}{f' {references.cite(*papers_of(facts.about))}' if facts.about else ''}"
        for facts in everyone
    ]
    sentences = [f"We trained {len(named)} networks with {program}: {listed(named)}."]
    deviating = [facts.network.name for facts in everyone if facts.about and facts.about.deviates]
    if deviating:
        sentences.append(f"Not as published, in ways that their model cards name: {listed(deviating)}.")
    for facts in compared.networks:
        if frozen(facts.recipe):
            sentences.append(f"{facts.network.name}: {frozen_words(facts.recipe, facts.metrics)}")
            size, over = facts.preprocessing.get("size"), normalised_words(facts.preprocessing, facts.pretrained)
            sentences.append(
                f"Its images had {size or NOT_KNOWN} pixels a side and were normalised by the mean and standard "
                f"deviation of each channel {over}."
            )
    recipes = [facts.recipe for facts in compared.networks if facts.recipe and not frozen(facts.recipe)]
    machine = machine_words(compared.result.environment or first.environment)
    ran = [f"Trainings ran in {machine}."] if machine else []
    if not recipes and any(frozen(facts.recipe) for facts in compared.networks):
        return [*sentences, *ran]
    if not recipes:
        return [*sentences, f"The settings of the trainings are {NOT_KNOWN}."]
    common = {name: value for name, value in recipes[0].items() if all(one.get(name) == value for one in recipes)}
    seeds = {len(facts.network.runs) for facts in compared.networks}
    trainings = f" ({max(seeds)} trainings of different seeds each)" if max(seeds) > 1 else ""
    length = ", ".join(f"{common[name]:,} {words}" for name, words in (("steps", "steps"),) if name in common)
    batch = f" of {common['batch_size']} images" if "batch_size" in common and length else ""
    during = f" for {length}{batch}" if length else ""
    every = "Each of the others" if len(recipes) < len(compared.networks) else "Each"
    sentences.append(
        f"{every} was trained from random initialisation{trainings}{during} {training_words(common)}; "
        f"{kept_words(common)}."
    )
    own = [f"{words} {_range([one.get(name) for one in recipes])}" for name, words in OWN.items() if name not in common]
    if own:
        sentences.append(f"Settings of their own: {'; '.join(own)}.")
    return [*sentences, *ran]


def _race(compared: Compared) -> list[str]:
    if not compared.left:
        return []
    everyone, final = len(compared.networks) + len(compared.left), len(compared.networks)
    return [
        f"There were two rounds. In the heat, all {everyone} networks had an equal share of the time. Those "
        "that it could not tell from the best, and the cheapest one that had learned, were trained anew for longer "
        f"in the final: {final} network{'s' * (final != 1)}, whose settings are those above."
    ]


def _rule(compared: Compared, references: References) -> list[str]:
    result, evidence = compared.result, compared.result.evidence
    if result.answer is None or evidence is None:
        return ["There is no answer yet."]
    if len(result.answer.networks) < 2:
        return []
    measure, images = result.criterion.replace("_", " "), f"{evidence.images:,} {compared.chosen_on} images"
    clustered = f", clustered by {evidence.groups:,} groups" if evidence.groups else ""
    return [
        f"Networks were compared by their {measure} on the {images}. Named is the cheapest network, by measured time "
        f"per image, that is shown to be less than {margin_in_points(result.margin)} below the best, with 95 % "
        f"confidence for all networks at once (score bounds for paired answers {references.cite('Tango')}{clustered}, "
        "widened by the spread from training to training; multiple comparisons with the best "
        f"{references.cite('Hsu')}); otherwise the cheapest for which that is likely (a probability of 0.8 or more, by "
        f"the Bayesian bootstrap {references.cite('Bayesian bootstrap')}); otherwise, as a best guess, the most "
        f"accurate. Ruled out are networks outside the 95 % model confidence set {references.cite('confidence set')}."
    ]


def _result(compared: Compared, references: References) -> list[str]:
    words, featured, answer = answer_words(compared.result), compared.featured, compared.result.answer
    if answer is None:
        return []
    sentences = [f"The answer: {' '.join(words.headline + words.findings + words.others + words.basis)}"]
    if featured and featured.judged_on == "test":
        baseline = featured.judged.get("majority_baseline")
        against = f"; always answering the most frequent class gives {percent(baseline)}" if known(baseline) else ""
        sentences.append(f"The test images were looked at {times(compared.looks_at_test)}{against}.")
    return [*sentences, *(calibration_sentences(featured, references) if featured else [])]


def _seeds(compared: Compared) -> list[str]:
    if compared.networks[0].folds:
        return []
    spread = compared.featured.network.seed_spread.get("validation") if compared.featured else None
    if not spread or not compared.featured:
        return []
    error = (
        f", beside a standard error of {points(spread['between_images'])} from the images"
        if spread["between_images"] is not None
        else ""
    )
    return [
        f"Over {len(spread['accuracies'])} seeds the validation accuracy of {compared.featured.network.name} was "
        f"{percent(min(spread['accuracies']))} to {percent(max(spread['accuracies']))}, with a standard deviation of "
        f"{points(spread['between_seeds'])} percentage points{error}."
    ]


def _tests(tests: dict[str, Any], references: References) -> list[str]:
    pairs = tests.get("pairs") or []
    if not pairs:
        return []
    below = sum(pair["p_value_holm"] < 0.05 for pair in pairs)
    return [
        f"McNemar’s exact test {references.cite('McNemar')} on the {tests['split']} images, corrected after Holm "
        f"{references.cite('Holm')}, gave p < 0.05 for {below} of {len(pairs)} pairs; the answer does not rest on it."
    ]


def _range(values: list[Any]) -> str:
    numbers = sorted(value for value in values if known(value))
    return f"{numbers[0]:g} to {numbers[-1]:g}" if numbers else NOT_KNOWN
