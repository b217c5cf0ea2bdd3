"""`leadline export`: a classifier for other programs, with proof that it gives the same answers."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from leadline.classifier import load
from leadline.data.loader import files
from leadline.errors import LeadlineError, UsageError
from leadline.export.exported import FILES, Description, Format, export_to
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.progress import Progress
from leadline.training.run_folder import numbered
from leadline.verbs.predict import own_images

VERIFIED = 49  # images of the run on which an export is compared


@dataclass(frozen=True)
class Export:
    """A folder with the network, and leadline.json that says how to use it."""

    folder: Path
    description: Description


def export(run: str | Path, *, to: Format, out: str | Path | None = None, progress: Progress | None = None) -> Export:
    """The classifier of `run` as "onnx", "openvino" or "torch" (torch.export), in the new folder `out`.

    It is verified on images of the run. Raises LeadlineError where these cannot be read any more, or the exported
    network gives other probabilities; then nothing is exported.
    """
    progress = progress or Progress()
    if to not in FILES:
        raise UsageError(f"--to {to}: expected one of {', '.join(FILES)}")
    if out is not None and Path(out).exists():
        raise UsageError(f"{out}: exists already; choose another --out")
    classifier = load(run)
    images = own_images(run)
    rows = np.linspace(0, len(images) - 1, min(VERIFIED, len(images))).astype(int)
    decoded = list(files([images[row] for row in rows], classifier.preprocessing, batch_size=VERIFIED))
    if not any(len(batch.pixels) for batch in decoded):
        raise LeadlineError(f"{run}: none of its images can be read any more, and an export is verified on them")
    engine = Engine.of(classifier, replace(hardware(), device="cpu", precision="fp32"))
    probabilities, errors = engine.predict(decoded)
    known = probabilities[[not error for error in errors]]
    folder = numbered(Path(out) if out is not None else Path(f"{Path(run).resolve().name}-{to}"))
    with progress.task(f"exporting to {to}", 1):
        try:
            description = export_to(classifier, np.concatenate([one.pixels for one in decoded]), known, to, folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        progress.advance()
    return Export(folder, description)
