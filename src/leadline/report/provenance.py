"""How it was done: what a reader needs to judge the figures, and to do it again."""

from dataclasses import dataclass
from typing import Any

from leadline.report.tables import Network
from leadline.report.transfer_words import frozen, weights_name
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
    about: dict[str, Any],
    environment: dict[str, Any],
    images: dict[str, int],
    looks_at_test: int | None,
) -> Provenance:
    """`about` says with "data", "command", "created" and "classes" what was asked for, as far as that is known."""
    split = ", ".join(f"{images[name]:,} {what} ({name})" for name, what in SPLITS.items() if known(images.get(name)))
    of_classes = f", of {len(about['classes'])} classes" if about.get("classes") else ""
    facts = {
        "data": about.get("data"),
        "images": split + of_classes if split else None,
        "command": about.get("command"),
        "date": about.get("created"),
        "cross-validation": _folds(networks),
        "epochs": _epochs(networks),
        "looks at the test images": looks_at_test,
        "machine": _machine(environment.get("hardware") or {}),
        "software": _software(environment),
        "revision of Leadline": environment.get("revision"),
        "SHA-256 of the data": environment.get("data_fingerprint"),
    }
    return Provenance(
        facts=tuple((name, str(fact)) for name, fact in facts.items() if fact),
        recipes=_recipes([network for network in networks if network.tables.recipe]),
        warnings=tuple(f"{one.name}, {one.judged_on}: {warning}" for one in networks for warning in _warnings(one)),
        missing=tuple(line for network in networks for line in network.tables.missing),
        cross_validated=any(network.folds for network in networks),
    )


def _recipes(networks: list[Network]) -> Recipes:
    values = {name: [_setting(_chosen(network.tables.recipe, name)) for network in networks] for name in SETTINGS}
    common = {name: found[0] for name, found in values.items() if len(set(found)) == 1 and found[0]}
    differing = [name for name, found in values.items() if len(set(found)) > 1]
    rows = [(network, tuple(values[name][row] for name in differing)) for row, network in enumerate(networks)]
    return Recipes(
        common=tuple((SETTINGS[name], value) for name, value in common.items()),
        differing=tuple(SETTINGS[name] for name in differing),
        per_network=tuple(rows) if differing else (),
    )


def _chosen(recipe: dict[str, Any], name: str) -> Any:
    """None where the setting tells nothing: what is trained of a network that begins at random."""
    if name == "weights":
        return weights_name(recipe.get(name) or "")
    return None if name == "tune" and not recipe.get("weights") else recipe.get(name)


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value or "")


def _folds(networks: list[Network]) -> str:
    folds = next((network.folds for network in networks if network.folds), {})
    if not folds:
        return ""
    again = f", {folds['repeats']} times with other folds; figures are of the first" if folds["repeats"] > 1 else ""
    return f"{folds['folds']} folds{again}"


def _epochs(networks: list[Network]) -> str:
    trained = [network.tables for network in networks if network.tables.history and not frozen(network.tables.recipe)]
    last = {tables.history[-1].get("epoch", 0.0) for tables in trained}
    return " to ".join(f"{epochs:.3g}" for epochs in sorted({min(last), max(last)})) if last else ""


def _machine(hardware: dict[str, Any]) -> str:
    threads = hardware.get("threads")
    counted = f"{threads} thread{'s' * (threads != 1)}" if threads else None
    return ", ".join(filter(None, [hardware.get("processor"), counted, hardware.get("precision")]))


def _software(environment: dict[str, Any]) -> str:
    packages = [f"{name} {version}" for name, version in (environment.get("packages") or {}).items()]
    python = f"Python {environment['python']}" if environment.get("python") else None
    return ", ".join(filter(None, [*packages, python, environment.get("system")]))


def _warnings(network: Network) -> list[str]:
    return network.test.get("warnings") or []
