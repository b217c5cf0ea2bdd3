"""`--to openvino`: a folder with model.xml and model.bin for OpenVINO, and leadline.json beside them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leadline.exporters.conversion import write_openvino_ir
from leadline.exporters.deployed import Deployed
from leadline.exporters.subject import Subject
from leadline.exporters.verification import Run, verify
from leadline.results.export_record import ExportVerification, to_json

MODEL, RECORD = "model.xml", "leadline.json"
# Processors with bf16 would compute in it unasked.
SINGLE = {"INFERENCE_PRECISION_HINT": "f32"}


def write_openvino(subject: Subject, folder: Path) -> ExportVerification:
    """Write the files into `folder`, in single precision."""
    write_openvino_ir(Deployed(subject.classifier), subject.example, folder / MODEL)
    verification = verify(openvino_probabilities(folder / MODEL), subject.samples, format="OpenVINO")
    (folder / RECORD).write_text(to_json(subject.record("openvino", verification), indent=2) + "\n", "utf-8")
    return verification


def openvino_probabilities(model: Path) -> Run:
    """What OpenVINO makes of images on a CPU."""
    import openvino

    compiled = openvino.compile_model(model, "CPU", SINGLE)

    def run(images: NDArray[np.float32]) -> NDArray[np.floating]:
        return np.array(compiled(images)["probabilities"])

    return run
