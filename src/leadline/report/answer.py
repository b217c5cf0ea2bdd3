"""The answer of a comparison, in the same words on the terminal, in the report, in the card and in comparison.json.

The sentences are in templates/answer.txt.j2.
"""

import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from leadline.evaluation.records import Estimate
from leadline.report.page import template
from leadline.results.comparison_result import ComparisonResult, NetworkResult, Standing
from leadline.wording import SPACE

PARTS = ("headline", "findings", "others", "basis", "next")


@dataclass(frozen=True)
class AnswerWords:
    """The parts of the answer, in the order in which they are read; a sentence or two each line."""

    headline: tuple[str, ...]
    findings: tuple[str, ...]  # how good the network is, what it costs, and how sure that is
    others: tuple[str, ...]  # the other networks
    basis: tuple[str, ...]  # what all of it rests on
    next: tuple[str, ...]  # what to do for a surer answer, with commands


def answer_sentence(result: ComparisonResult, *, folder: Path | str = "RUN") -> str:
    """The whole answer as plain text, a line or more for each part; `folder` is where its commands look for it."""
    words = answer_words(result, folder=folder)
    lines = [line for part in PARTS for line in getattr(words, part)]
    return "\n".join(lines).replace(SPACE, " ")


def answer_words(result: ComparisonResult, *, folder: Path | str = "RUN") -> AnswerWords:
    """The answer, or how far an unfinished comparison has come."""
    written = template("answer.txt.j2")
    context = written.new_context(_facts(result, folder))
    parts = ("".join(written.blocks[part](context)).splitlines() for part in PARTS)
    return AnswerWords(*(tuple(filter(None, map(str.strip, part))) for part in parts))


def predict_command(result: ComparisonResult, folder: Path) -> str:
    """The command that runs the named network on new images; "" without an answer."""
    named = result.named
    return f"leadline predict {path_words(folder / named.run)} images/ --out predictions.csv" if named else ""


def path_words(path: Path | str) -> str:
    """A path for a command, below the working directory where it lies there."""
    with suppress(ValueError):
        path = Path(path).resolve().relative_to(Path.cwd())
    return shlex.quote(str(path))


def standings_of(result: ComparisonResult) -> dict[str, Standing]:
    """How each network of the answer stands against the best; empty where there is nothing to stand against."""
    networks = result.answer.networks if result.answer else ()
    return {network.name: network for network in networks} if len(networks) > 1 else {}


def left_after_heat(result: ComparisonResult) -> list[tuple[NetworkResult, float | None]]:
    """The networks that left after the heat, the best first, and how far behind the best of it each was."""
    heat, final = result.heat, result.final
    if heat is None or final is None:
        return []
    reached = {network.name: result.reached(network) for network in heat.networks}
    best = max((value for value in reached.values() if value is not None), default=0.0)
    further = {network.name for network in final.networks}
    gone = [
        (network, None if (value := reached[network.name]) is None else best - value)
        for network in heat.networks
        if network.name not in further and not network.failed
    ]
    return sorted(gone, key=lambda pair: 1.0 if pair[1] is None else pair[1])


def _facts(result: ComparisonResult, folder: Path | str) -> dict[str, object]:
    """What the template is filled with."""
    answer = result.answer
    present = result.final or result.heat
    networks = present.networks if present else ()
    every = [network for part in result.rounds for network in part.networks]
    facts: dict[str, object] = {
        "answer": answer,
        "kind": present.kind if present else "comparison",
        "networks": len(networks),
        "trained": sum(bool(network.metrics) for network in networks),
        "left": [(network.name, behind) for network, behind in left_after_heat(result)] if answer else [],
        "failed": list({network.name: network for network in every if network.failed}.values()),
        "rates_tried": result.rates_tried,
        "resume": f"leadline compare --resume {path_words(folder)}",
        "hint": result.hint,
    }
    if answer is None:
        return facts
    standings = {network.name: network for network in answer.networks}
    named, best = standings[answer.name], standings[answer.best]
    return {
        **facts,
        "named": named,
        "best": best,
        "alone": len(standings) == 1,
        "balanced": result.criterion == "balanced_accuracy",
        "margin": result.margin,
        "guaranteed": max(0.0, answer.guaranteed_loss),
        "time_share": _ratio(named.seconds_per_image, best.seconds_per_image),
        "multiply_add_share": _ratio(named.multiply_adds, best.multiply_adds),
        "evidence": result.evidence,
        "test": _test(result),
        "flattery": result.flattery,
        "gain": result.gain,
        "length": _length(result),
        "more_minutes": 2 * result.minutes if result.minutes else None,  # with --epochs there is no longer final
    }


def _ratio(one: float, other: float) -> float:
    return one / other if other > 0 else 1.0


def _test(result: ComparisonResult) -> Estimate | None:
    """The named network's figure on the test images, which chose nothing."""
    tested = result.named.metrics.get("test") if result.named else None
    measured = tested.of(result.criterion) if tested else None
    return measured if measured and measured.value is not None else None


def _length(result: ComparisonResult) -> str:
    if result.minutes is not None:
        return f"{result.minutes:g} minute{'s' * (result.minutes != 1)} of training"
    epochs = sorted(
        {round(network.epochs, 1) for network in (result.final.networks if result.final else ()) if network.epochs}
    )
    if not epochs:
        return "trainings of this length"
    return f"{' to '.join(f'{value:g}' for value in dict.fromkeys((epochs[0], epochs[-1])))} epochs of training"
