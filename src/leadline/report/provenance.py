"""How it was done: what a reader needs to judge the figures, and to do it again."""

from dataclasses import dataclass

from leadline.report.facts import weights_name
from leadline.report.run_tables import Network
from leadline.results.run_metrics import Environment, HardwareRecord
from leadline.training.recipe import Recipe
from leadline.wording import known

SPLITS = {"train": "to learn from", "validation": "to choose on", "test": "to report on"}
# What a person looks for in a recipe; the rest is in recipe.toml.
SETTINGS = {
    "steps": "steps",
    "batch_size": "batch size",
    "learning_rate": "highest learning rate",
    "size": "image side in pixels",
    "augment": "augmentation",
    "momentum": "momentum",
    "nesterov": "Nesterov’s momentum",
    "schedule": "fall of the learning rate",
    "drops": "falls after these shares of the steps",
    "weight_decay": "weight decay",
    "label_smoothing": "label smoothing",
    "warmup": "warm-up as a share of the steps",
    "weights": "trained weights to begin with",
    "tune": "what of them is trained",
    "seed": "seed",
    "split_seed": "seed of the split",
    "group": "group",
    "channels": "channels",
    "project": "projection of stacks",
    "intensity": "intensities that become 0 and 1",
    "test_group": "groups tested on",
    "balance": "balance of the classes",
}


@dataclass(frozen=True)
class Recipes:
    """The settings of all networks, those that they share apart from those that they do not."""

    common: tuple[tuple[str, str], ...]
    differing: tuple[str, ...]
    per_network: tuple[tuple[Network, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Provenance:
    facts: tuple[tuple[str, str], ...]
    recipes: Recipes
    warnings: tuple[str, ...]
    missing: tuple[str, ...]
    cross_validated: bool = False


def provenance(
    networks: list[Network],
    *,
    data: str,
    command: str,
    classes: int,
    environment: Environment,
    images: dict[str, int],
    looks_at_test: int,
    created: str = "",
) -> Provenance:
    """What was asked for, as far as that is known; empty where it is not."""
    split = ", ".join(f"{images[name]:,} {what} ({name})" for name, what in SPLITS.items() if known(images.get(name)))
    of_classes = f", of {classes} classes" if classes else ""
    facts = {
        "data": data,
        "images": split + of_classes if split else None,
        "command": command,
        "date": created,
        "cross-validation": _folds(networks),
        "epochs": _epochs(networks),
        "looks at the test images": looks_at_test,
        "machine": _machine(environment.hardware),
        "software": _software(environment),
        "revision of Leadline": environment.revision,
        "SHA-256 of the data": environment.data_fingerprint,
    }
    return Provenance(
        facts=tuple((name, str(fact)) for name, fact in facts.items() if fact),
        recipes=_recipes([network for network in networks if network.tables.recipe]),
        warnings=tuple(
            f"{network.name}, {network.judged_on}: {warning}" for network in networks for warning in _warnings(network)
        ),
        missing=tuple(line for network in networks for line in network.tables.missing),
        cross_validated=any(network.folds for network in networks),
    )


def _recipes(networks: list[Network]) -> Recipes:
    recipes = [network.tables.recipe for network in networks]
    values = {name: [_setting(_chosen(recipe, name)) for recipe in recipes if recipe] for name in SETTINGS}
    common = {name: settings[0] for name, settings in values.items() if len(set(settings)) == 1 and settings[0]}
    differing = [name for name, settings in values.items() if len(set(settings)) > 1]
    rows = [(network, tuple(values[name][row] for name in differing)) for row, network in enumerate(networks)]
    return Recipes(
        common=tuple((SETTINGS[name], value) for name, value in common.items()),
        differing=tuple(SETTINGS[name] for name in differing),
        per_network=tuple(rows) if differing else (),
    )


def _chosen(recipe: Recipe, name: str) -> object:
    """None where the setting tells nothing: what is trained of a network that begins at random."""
    if name == "weights":
        return weights_name(recipe.weights)
    return None if name == "tune" and not recipe.weights else getattr(recipe, name)


def _setting(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def _folds(networks: list[Network]) -> str:
    folds = next((network.folds for network in networks if network.folds), None)
    if folds is None:
        return ""
    again = f", {folds.repeats} times with other folds; figures are of the first" if folds.repeats > 1 else ""
    return f"{folds.folds} folds{again}"


def _epochs(networks: list[Network]) -> str:
    tables = [network.tables for network in networks]
    trained = [part for part in tables if part.history and not (part.recipe and part.recipe.frozen)]
    last = {part.history[-1].get("epoch", 0.0) for part in trained}
    return " to ".join(f"{epochs:.3g}" for epochs in sorted({min(last), max(last)})) if last else ""


def _machine(hardware: HardwareRecord) -> str:
    counted = f"{hardware.threads} thread{'s' * (hardware.threads != 1)}" if hardware.threads else ""
    return ", ".join(filter(None, [hardware.processor, counted, hardware.precision]))


def _software(environment: Environment) -> str:
    packages = [f"{name} {version}" for name, version in environment.packages.items()]
    python = f"Python {environment.python}" if environment.python else ""
    return ", ".join(filter(None, [*packages, python, environment.system]))


def _warnings(network: Network) -> tuple[str, ...]:
    return network.test.warnings if network.test else ()
