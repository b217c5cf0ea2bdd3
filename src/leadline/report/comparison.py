"""The report of `leadline compare`: report.html above the runs of a comparison."""

from pathlib import Path
from typing import Any

from leadline.errors import LeadlineError
from leadline.report.abstention import abstention
from leadline.report.comparison_methods import compared_in, comparison_methods
from leadline.report.confusion import confusion_of
from leadline.report.cost import accuracy_against_cost
from leadline.report.curves import learning_curve, shared_limits
from leadline.report.findings import findings_of
from leadline.report.headline import comparison_headline
from leadline.report.looks import looks_at_test
from leadline.report.losses import losses_against_the_best
from leadline.report.mistakes import most_confident_mistakes
from leadline.report.more_images import more_images
from leadline.report.page import write_page
from leadline.report.provenance import provenance
from leadline.report.reliability import reliability
from leadline.report.suspects import doubtful_labels
from leadline.report.tables import Network, RunTables, read_json, read_network
from leadline.report.wording import value_of

MARGIN = 0.01


def write_comparison_report(folder: Path) -> Path:
    """Draw `folder`/report.html from comparison.json and the run folders beside it; its path.

    What a run does not hold is left out and named on the page. Raises LeadlineError where there is no comparison.json.
    """
    comparison = _read(folder / "comparison.json")
    networks = [read_network(entry, folder / (entry.get("run") or "")) for entry in comparison.get("networks") or ()]
    verdict = comparison.get("verdict") or {}
    margin = comparison.get("margin") or verdict.get("margin") or MARGIN
    images = comparison.get("images") or {}
    featured = _featured(networks, verdict)
    limits = shared_limits(networks)
    curves = [(network, learning_curve(network, "accuracy", limits=limits)) for network in networks]
    confusions = [(network, confusion_of(network.test)) for network in networks]
    return write_page(
        folder / "report.html",
        "comparison.html",
        title=Path(comparison.get("data") or folder.name).name,
        networks=networks,
        verdict=verdict,
        headline=comparison_headline(verdict, networks, images),
        featured=featured,
        cost=accuracy_against_cost(networks, verdict, margin),
        losses=losses_against_the_best(verdict, margin),
        more_images=more_images(comparison.get("learning_curve"), networks),
        curves=[(network, curve) for network, curve in curves if curve],
        confusions=[(network, confusion) for network, confusion in confusions if confusion],
        reliability=reliability(featured) if featured else None,
        abstention=abstention(featured) if featured else None,
        tests=comparison.get("tests") or {},
        methods=comparison_methods(compared_in(folder)),
        gallery=most_confident_mistakes(featured) if featured else None,
        doubts=doubtful_labels(featured) if featured else None,
        findings=findings_of(folder, next((one.tables for one in networks if one.tables.data_root), RunTables())),
        left_out=_left_out(networks),
        how=provenance(
            networks,
            about=comparison,
            environment=comparison.get("environment") or {},
            images=images,
            looks_at_test=looks_at_test(folder, comparison),
        ),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return read_json(file)
    except FileNotFoundError:
        raise LeadlineError(f"{file}: no such file, so there is no comparison to report on") from None
    except (OSError, ValueError) as error:
        raise LeadlineError(f"{file}: is damaged ({error})") from error


def _featured(networks: list[Network], verdict: dict[str, Any]) -> Network | None:
    """The network that is shown in detail: the choice, else the best, else the most accurate of those not judged."""
    tested = {network.name: network for network in networks if network.test}
    for name in (verdict.get("choice"), verdict.get("best")):
        if name in tested:
            return tested[name]
    return max(tested.values(), key=lambda one: value_of(one.validation.get("accuracy")) or 0.0, default=None)


def _left_out(networks: list[Network]) -> dict[str, str]:
    return {path: reason for network in networks for path, reason in network.tables.left_out.items()}
