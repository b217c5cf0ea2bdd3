"""`--to onnx`: one file for ONNX Runtime and everything else that reads ONNX."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from leadline.exporters.conversion import onnx_bytes
from leadline.exporters.deployed import Deployed
from leadline.exporters.subject import Subject
from leadline.exporters.verification import Run, verify
from leadline.results.export_record import ExportVerification, to_json
from leadline.writing import in_one_piece

METADATA = "leadline"  # the key of the model's metadata under which its record is


def write_onnx(subject: Subject, out: Path) -> ExportVerification:
    """Write the file, with its record in the model's metadata. Nothing is written where it answers otherwise."""
    with in_one_piece(out) as temporary:
        content, verification = onnx_content(subject, Deployed(subject.classifier), beside=temporary)
        temporary.write_bytes(_with_metadata(content, to_json(subject.record("onnx", verification))))
    return verification


def onnx_content(subject: Subject, module: Deployed, *, beside: Path) -> tuple[bytes, ExportVerification]:
    """`module` as the bytes of an ONNX file, and how it was verified; `beside` is a file that may be written to."""
    content = onnx_bytes(module, subject.example, beside)
    return content, verify(onnx_probabilities(content), subject.samples, format="ONNX")


def onnx_probabilities(content: bytes) -> Run:
    """What ONNX Runtime makes of images."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.float32]) -> NDArray[np.floating]:
        (probabilities,) = session.run(["probabilities"], {"images": images})
        return np.asarray(probabilities)

    return run


def _with_metadata(content: bytes, record: str) -> bytes:
    import onnx

    model = onnx.load_model_from_string(content)
    onnx.helper.set_model_props(model, {METADATA: record})
    serialised: bytes = model.SerializeToString()
    return serialised
