"""A comparison as its card and its methods paragraph see it: its result, and the facts of each network's run."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from leadline.evaluation.records import SeedSpread
from leadline.report.answer import left_after_heat
from leadline.report.facts import Facts, facts_of
from leadline.report.looks import looks_at_test
from leadline.results.comparison_result import ComparisonResult, NetworkResult
from leadline.results.json_files import read_comparison
from leadline.training.recipe import Recipe
from leadline.wording import NOT_KNOWN

# Settings that every network of a comparison may have for itself, and their names in a sentence.
OWN = {"learning_rate": "peak learning rate", "batch_size": "images per step", "size": "pixels", "steps": "steps"}


@dataclass(frozen=True)
class Compared:
    """A comparison as its folder holds it; the facts of a network are those of its first seed."""

    result: ComparisonResult
    networks: tuple[Facts, ...]  # of the round that the answer rests on, as far as they have a folder
    left: tuple[Facts, ...]  # that left after the heat
    looks_at_test: int  # of all networks and seeds together

    @cached_property
    def featured(self) -> Facts | None:
        """The network of the answer; without one the most accurate so far."""
        named = self.result.answer.name if self.result.answer else None

        def worth(facts: Facts) -> tuple[bool, float]:
            estimate = facts.network.chosen(self.result.criterion)
            return facts.network.name == named, (estimate.value if estimate else None) or 0.0

        return max((facts for facts in self.networks if facts.judged), key=worth, default=None)

    @property
    def shown(self) -> Facts:
        """The run that stands for what all have in common."""
        return self.featured or self.networks[0]

    @property
    def frozen(self) -> tuple[Facts, ...]:
        return tuple(facts for facts in self.networks if facts.recipe and facts.recipe.frozen)

    @property
    def trained_by_steps(self) -> Facts | None:
        """One of those that were trained as a whole."""
        return next((facts for facts in (self.shown, *self.networks) if facts not in self.frozen), None)

    @property
    def recipes(self) -> list[Recipe]:
        """Of the networks that were trained as a whole."""
        return [facts.recipe for facts in self.networks if facts.recipe and not facts.recipe.frozen]

    @property
    def common_settings(self) -> dict[str, object]:
        """Every setting of these recipes; None where they differ in it."""
        first, *others = map(asdict, self.recipes)
        return {name: value if all(one[name] == value for one in others) else None for name, value in first.items()}

    @property
    def own_settings(self) -> dict[str, list[float]]:
        """In words, the settings in which these recipes differ, with their values."""
        common = self.common_settings
        return {
            words: [getattr(recipe, name) for recipe in self.recipes]
            for name, words in OWN.items()
            if common[name] is None
        }

    @property
    def deviating(self) -> list[str]:
        return [facts.network.name for facts in (*self.networks, *self.left) if facts.about and facts.about.deviates]

    @property
    def trainings(self) -> int:
        """Of each network, from different seeds."""
        return max(len(facts.network.runs) for facts in self.networks)

    @property
    def chosen_on(self) -> str:
        return (
            "out-of-fold" if any(facts.network.chosen_on == "out-of-fold" for facts in self.networks) else "validation"
        )

    @property
    def tested(self) -> bool:
        return any(facts.network.judged_split == "test" for facts in self.networks)

    @property
    def left_behind(self) -> list[tuple[NetworkResult, float | None]]:
        return left_after_heat(self.result)

    @property
    def seed_spreads(self) -> list[tuple[str, str, SeedSpread]]:
        """Network, split and spread, where there are several seeds."""
        return [
            (facts.network.name, split, spread)
            for facts in self.networks
            for split, spread in facts.network.seed_spread.items()
        ]

    @property
    def data_name(self) -> str:
        return Path(self.result.data).name or f"data that are {NOT_KNOWN}"

    @property
    def version(self) -> str:
        return next((facts.version for facts in self.networks), f"(version {NOT_KNOWN})")


def compared_in(folder: Path) -> Compared:
    """The comparison in `folder`. Raises LeadlineError where there is no readable comparison.json."""
    result = read_comparison(folder)
    last = result.final or (result.rounds[-1] if result.rounds else None)

    def read(networks: Iterable[NetworkResult]) -> tuple[Facts, ...]:
        there = [network for network in networks if (folder / network.run).is_dir()]
        return tuple(
            facts_of(folder / network.run, network, result.seed_spreads.get(network.name)) for network in there
        )

    left = read(network for network, _ in left_after_heat(result))
    return Compared(result, read(last.networks if last else ()), left, looks_at_test(folder, result))
