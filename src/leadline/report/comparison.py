"""The report of `leadline compare`: report.html above the runs of a comparison."""

from dataclasses import dataclass, replace
from pathlib import Path

from leadline.report.abstention import abstention
from leadline.report.accuracy_against_cost import MULTIPLY_ADDS, TIME, accuracy_against_cost
from leadline.report.answer import answer_words, predict_command, standings_of
from leadline.report.compared import compared_in
from leadline.report.confusion_figure import confusion_of
from leadline.report.doubtful_labels import doubtful_labels
from leadline.report.findings import findings_of
from leadline.report.looks import looks_at_test
from leadline.report.methods import comparison_methods
from leadline.report.mistakes import most_confident_mistakes
from leadline.report.more_images import more_images
from leadline.report.page import write_page
from leadline.report.provenance import provenance
from leadline.report.reliability import reliability
from leadline.report.run_tables import Network, RunTables, network_of, read_network
from leadline.report.training_curves import learning_curve, shared_limits
from leadline.results.comparison_result import ComparisonResult, NetworkResult, Round, Standing
from leadline.results.json_files import read_comparison


@dataclass(frozen=True)
class Row:
    """One network in the table of a round."""

    network: Network
    result: NetworkResult
    standing: Standing | None = None  # in the answer, where this round is what it rests on


@dataclass(frozen=True)
class ShownRound:
    title: str
    seconds: float
    rows: tuple[Row, ...]


def write_comparison_report(folder: Path) -> Path:
    """Draw `folder`/report.html from comparison.json and the run folders beside it; its path.

    What a run does not hold is left out and named on the page. Raises LeadlineError where there is no comparison.json.
    """
    result = read_comparison(folder)
    last = result.final or (result.rounds[-1] if result.rounds else None)
    networks = [
        read_network(folder / entry.run, entry, result.seed_spreads.get(entry.name))
        for entry in sorted(last.networks if last else (), key=_time)
    ]
    featured = _featured(networks, result)
    limits = shared_limits(networks)
    curves = [(network, learning_curve(network, "accuracy", limits=limits)) for network in networks]
    alike = _judged_alike(networks)
    confusions = [(network, confusion_of(network.test)) for network in alike if network.test]
    return write_page(
        folder / "report.html",
        "comparison.html",
        title=Path(result.data or folder.name).name,
        result=result,
        words=answer_words(result, folder=folder),
        predict=predict_command(result, folder),
        by_time=accuracy_against_cost(result, TIME),
        by_multiply_adds=accuracy_against_cost(result, MULTIPLY_ADDS),
        rounds=_rounds(result, networks),
        networks=networks,
        alike=alike,
        featured=featured,
        more_images=more_images(result.learning_curve, networks),
        curves=[(network, curve) for network, curve in curves if curve],
        confusions=[(network, confusion) for network, confusion in confusions if confusion],
        reliability=reliability(featured) if featured else None,
        abstention=abstention(featured) if featured else None,
        tests=result.tests,
        methods=comparison_methods(compared_in(folder)),
        gallery=most_confident_mistakes(featured) if featured else None,
        doubts=doubtful_labels(featured) if featured else None,
        findings=findings_of(
            folder, next((network.tables for network in networks if network.tables.data_root), RunTables())
        ),
        left_out=_left_out(networks, result),
        how=provenance(
            networks,
            data=result.data,
            command=result.command,
            created=result.created,
            classes=len(result.classes),
            environment=result.environment,
            images=result.images,
            looks_at_test=looks_at_test(folder, result),
        ),
    )


def _time(network: NetworkResult) -> float:
    return network.seconds_per_image.prediction if network.seconds_per_image else float("inf")


def _featured(networks: list[Network], result: ComparisonResult) -> Network | None:
    """The network that is shown in detail: that of the answer, without one the most accurate so far."""
    judged = {network.name: network for network in networks if network.test}
    if result.answer and result.answer.name in judged:
        return judged[result.answer.name]
    reached = {network.name: result.reached(network) or 0.0 for part in result.rounds for network in part.networks}
    return max(judged.values(), key=lambda network: reached[network.name], default=None)


def _judged_alike(networks: list[Network]) -> list[Network]:
    """As they are where all were judged on test images; otherwise as judged on the images that are chosen on."""
    if all(network.judged_split == "test" for network in networks):
        return networks
    return [replace(network, test=network.validation, judged_split=network.chosen_on) for network in networks]


def _rounds(result: ComparisonResult, networks: list[Network]) -> list[ShownRound]:
    """The newest first; its networks are read already."""
    read = {network.name: network for network in networks}
    standings = standings_of(result)
    shown = []
    for number, part in enumerate(result.rounds, start=1):
        newest = number == len(result.rounds)
        rows = [
            Row(read[network.name], network, standings.get(network.name))
            if newest
            else Row(network_of(network, RunTables()), network)
            for network in sorted(part.networks, key=_time)
        ]
        shown.append(ShownRound(_title(part, number, result), part.seconds, tuple(rows)))
    return shown[::-1]


def _title(part: Round, number: int, result: ComparisonResult) -> str:
    if len(result.rounds) == 1 and part.kind == "final":
        return "The networks"
    finals = sum(other.kind == "final" for other in result.rounds[:number])
    return f"The {part.kind}" if finals < 2 else f"Final {finals}, longer than the one before"


def _left_out(networks: list[Network], result: ComparisonResult) -> dict[str, str]:
    left_out = {
        image.path: image.error for part in result.rounds for network in part.networks for image in network.left_out
    }
    return left_out | {path: reason for network in networks for path, reason in network.tables.left_out.items()}
