"""`--to html`: one file that is the classifier. It opens without a network, and no image leaves its computer."""

import tempfile
from pathlib import Path

from leadline import __version__
from leadline.errors import LeadlineError
from leadline.evaluation.novelty import TINY, Novelty
from leadline.exporters.deployed import DeployedWithMap
from leadline.exporters.onnx import onnx_content
from leadline.exporters.subject import Subject
from leadline.page.assemble import About, PageChecked, PageNovelty, page
from leadline.page.runtime import find_runtime
from leadline.results.export_record import ExportVerification
from leadline.writing import in_one_piece


def write_html(subject: Subject, out: Path) -> ExportVerification:
    """Write the page, with the network and the runtime inside. LeadlineError for images of a file per channel."""
    if subject.classifier.preprocessing.names:
        raise LeadlineError(
            f"{subject.name}: its images have a file for each channel, which a page cannot put together; export to "
            "onnx or torch"
        )
    runtime = find_runtime(subject.runtime)
    module = DeployedWithMap(subject.classifier)
    with tempfile.TemporaryDirectory() as folder:
        network, verification = onnx_content(subject, module, beside=Path(folder) / "network.onnx")
    about = about_classifier(subject, module.method, verification)
    text = page(
        about, "browser", embedded={"runtime-module": runtime.module, "runtime-wasm": runtime.wasm, "network": network}
    )
    with in_one_piece(out) as temporary:
        temporary.write_bytes(text.encode("utf-8", errors="replace"))
    return verification


def about_classifier(subject: Subject, map_method: str, verification: ExportVerification) -> About:
    """What the page says of the classifier."""
    known = subject.classifier.novelty
    return About(
        name=subject.name,
        architecture=subject.classifier.architecture,
        classes=subject.classifier.classes,
        preprocessing=subject.classifier.preprocessing.to_dict(),
        min_confidence=subject.min_confidence,
        map_method=map_method,
        leadline=__version__,
        accuracy=subject.accuracy,
        verification=PageChecked(verification.images, verification.largest_difference),
        novelty=_page_novelty(known) if known else None,
    )


def _page_novelty(known: Novelty) -> PageNovelty:
    values = {name: getattr(known, name).tolist() for name in ("centre", "spread", "low", "high")}
    return PageNovelty(limit=float(known.limits[1]), tiny=TINY, **values)
