"""The methods paragraph of a comparison: candidates, rule and margin, verdict, and what the chosen network does."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from leadline.errors import LeadlineError
from leadline.report.begun_words import frozen, frozen_words, normalised_words
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
from leadline.report.tables import read_json
from leadline.report.wording import bounds_of, known, margin_in_points, percent, percent_interval, points, value_of

# Settings that every network of a comparison may have for itself, and their names in a sentence.
OWN = {"learning_rate": "highest learning rate", "batch_size": "images per step", "size": "pixels", "steps": "steps"}


@dataclass(frozen=True)
class Compared:
    """A comparison as its folder holds it; the facts of a network are those of its first seed."""

    about: dict[str, Any]  # comparison.json
    networks: tuple[Facts, ...]
    looks_at_test: int | None = None  # of all networks and seeds together

    @property
    def verdict(self) -> dict[str, Any]:
        return self.about.get("verdict") or {}

    @property
    def trained(self) -> tuple[Facts, ...]:
        return tuple(facts for facts in self.networks if facts.judged)

    @cached_property
    def featured(self) -> Facts | None:
        """The choice; without one the best; without a verdict the most accurate on what was to be chosen on."""
        by_name = {facts.network.name: facts for facts in self.trained}
        for name in (self.verdict.get("choice"), self.verdict.get("best")):
            if name in by_name:
                return by_name[name]
        return max(self.trained, key=lambda one: value_of(one.network.validation.get("accuracy")) or 0.0, default=None)

    @property
    def chosen_on(self) -> str:
        return "out-of-fold" if any(facts.folds for facts in self.networks) else "validation"

    @property
    def version(self) -> str:
        return next((facts.version for facts in self.networks), f"(version {NOT_KNOWN})")


def compared_in(folder: Path) -> Compared:
    """The comparison in `folder`. Raises LeadlineError where there is no readable comparison.json."""
    try:
        about = read_json(folder / "comparison.json")
    except FileNotFoundError:
        raise LeadlineError(f"{folder / 'comparison.json'}: no such file, so there is no comparison") from None
    except (OSError, ValueError) as error:
        raise LeadlineError(f"{folder / 'comparison.json'}: is damaged ({error})") from error
    entries = [entry for entry in about.get("networks") or () if (folder / (entry.get("run") or "")).is_dir()]
    networks = tuple(facts_of(folder / (entry.get("run") or ""), entry) for entry in entries)
    return Compared(about, networks, looks_at_test(folder, about))


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
        *_rule(compared, references),
        *_result(compared, references),
        *_seeds(compared),
        *_tests(compared.about.get("tests") or {}, references),
        *(interval_sentences(shown, references) if compared.featured else []),
    ]
    return Methods(" ".join(sentences), references.lines)


def _candidates(compared: Compared, references: References) -> list[str]:
    first = compared.networks[0]
    program = f"Leadline {compared.version} {references.cite('Leadline')}{revision_words(first.environment)}"
    named = [
        f"{facts.network.name}{f' {references.cite(*papers_of(facts.about))}' if facts.about else ''}"
        for facts in compared.networks
    ]
    sentences = [f"We trained {len(named)} networks with {program}: {listed(named)}."]
    deviating = [facts.network.name for facts in compared.networks if facts.about and facts.about.deviates]
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
    machine = machine_words(compared.about.get("environment") or first.environment)
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


def _rule(compared: Compared, references: References) -> list[str]:
    verdict = compared.verdict
    if not verdict:
        return ["There is no verdict yet."]
    accuracy = (compared.featured.network.validation.get("accuracy") if compared.featured else None) or {}
    clustered = str(accuracy.get("method", "")).partition("clustered by ")[2]
    images = f"{accuracy['n']:,} " if known(accuracy.get("n")) else ""
    bounds = (
        f"score bounds for paired answers {references.cite('Tango')}{f', clustered by {clustered}' * bool(clustered)}"
    )
    return [
        f"To be chosen was the network of the fewest multiply-adds whose accuracy on the {images}{compared.chosen_on} "
        f"images was, with {percent(verdict['confidence'], 0)} confidence for all networks at once, less than "
        f"{margin_in_points(verdict['margin'])} below that of the best ({bounds}; multiple comparisons with the best "
        f"{references.cite('Hsu')})."
    ]


def _result(compared: Compared, references: References) -> list[str]:
    verdict, featured = compared.verdict, compared.featured
    if not verdict:
        return []
    sentences = [f"Verdict: {verdict['reason']}"]
    reasons = [f"{name}, {why}" for name, why in verdict["not_judged"].items() if why not in verdict["reason"]]
    if reasons:
        sentences.append(f"Reasons: {'; '.join(reasons)}.")
    accuracy = featured.judged.get("accuracy") if featured else None
    if featured and accuracy and value_of(accuracy) is not None:
        bounds = f" (95 % interval {percent_interval(accuracy)})" if bounds_of(accuracy) else ""
        baseline = featured.judged.get("majority_baseline")
        against = f"; always answering the most frequent class gives {percent(baseline)}" if known(baseline) else ""
        looks = compared.looks_at_test if featured.judged_on == "test" else None
        looked = f", which were looked at {times(looks)}," if looks else ""
        sentences.append(
            f"On the {accuracy['n']:,} {featured.judged_on} images{looked} the accuracy of {featured.network.name} was "
            f"{percent(accuracy['value'])}{bounds}{against}."
        )
        sentences += calibration_sentences(featured, references)
    return sentences


def _seeds(compared: Compared) -> list[str]:
    if compared.networks[0].folds:
        return []
    spread = compared.featured.network.seed_spread.get("validation") if compared.featured else None
    if not spread or not compared.featured:
        return ["Each network was trained from one seed; what another seed would change is not in these figures."]
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
        f"{references.cite('Holm')}, gave p < 0.05 for {below} of {len(pairs)} pairs; the verdict does not rest on it."
    ]


def _range(values: list[Any]) -> str:
    numbers = sorted(value for value in values if known(value))
    return f"{numbers[0]:g} to {numbers[-1]:g}" if numbers else NOT_KNOWN
