"""The report of `leadline train`: report.html in the run folder."""

from pathlib import Path

from leadline.errors import LeadlineError
from leadline.report.abstention import abstention
from leadline.report.confusion_figure import confusion_of
from leadline.report.doubtful_labels import doubtful_labels
from leadline.report.facts import facts_of
from leadline.report.findings import findings_of
from leadline.report.headline import run_headline
from leadline.report.looked import looks_of
from leadline.report.methods import run_methods
from leadline.report.mistakes import most_confident_mistakes
from leadline.report.page import write_page
from leadline.report.provenance import provenance
from leadline.report.reliability import reliability
from leadline.report.run_tables import read_network
from leadline.report.training_curves import learning_curve


def write_run_report(run: Path) -> Path:
    """Draw `run`/report.html from the tables in it; its path.

    What is not there is left out and named on the page. Raises LeadlineError where `run` is no folder.
    """
    if not run.is_dir():
        raise LeadlineError(f"{run}: no such run folder")
    network = read_network(run)
    tables = network.tables
    metrics = tables.metrics
    data = tables.recipe.data if tables.recipe else ""
    return write_page(
        run / "report.html",
        "run.html",
        title=f"{network.name} on {Path(data).name}" if data else network.name,
        network=network,
        headline=run_headline(network),
        curves=[curve for kind in ("accuracy", "loss") if (curve := learning_curve(network, kind, limits=None))],
        confusion=confusion_of(network.test) if network.test else None,
        reliability=reliability(network),
        abstention=abstention(network),
        methods=run_methods(facts_of(run)),
        gallery=most_confident_mistakes(network),
        looks=looks_of(network, run),
        doubts=doubtful_labels(network),
        findings=findings_of(run, tables),
        left_out=tables.left_out,
        how=provenance(
            [network],
            data=data,
            command=tables.environment.command,
            classes=len(metrics.classes) if metrics else 0,
            environment=tables.environment,
            images=tables.images,
            looks_at_test=metrics.looks_at_test if metrics else 0,
        ),
    )
