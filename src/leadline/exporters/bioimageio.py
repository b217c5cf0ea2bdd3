"""`--to bioimageio`: a package of the BioImage Model Zoo: rdf.yaml, an ONNX model, test tensors, the model card."""

import hashlib
import io
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from leadline import __version__
from leadline.exporters.conversion import OPSET
from leadline.exporters.deployed import Deployed
from leadline.exporters.onnx import onnx_content
from leadline.exporters.subject import Subject
from leadline.results.export_record import ExportVerification, to_json
from leadline.writing import in_one_piece

TESTED = 2  # images of the run that are its test tensors


def write_bioimageio(subject: Subject, out: Path) -> ExportVerification:
    """Write the package, a ZIP. Its test tensors are images of the run."""
    module = Deployed(subject.classifier)
    with in_one_piece(out) as temporary:
        network, verification = onnx_content(subject, module, beside=temporary)
        files = {
            "model.onnx": network,
            "README.md": _documentation(subject).encode(),
            **_test_tensors(subject, network),
        }
        files["rdf.yaml"] = _description(subject, verification, files).encode()
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in files.items():
                package.writestr(name, content)
    return verification


def _test_tensors(subject: Subject, network: bytes) -> dict[str, bytes]:
    import onnxruntime

    images = np.resize(subject.samples.images, (TESTED, *subject.samples.images.shape[1:]))
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    logits, probabilities = session.run(["logits", "probabilities"], {"images": images})
    tensors = {"images": images, "logits": logits, "probabilities": probabilities}
    return {f"test_{name}.npy": _npy(tensor) for name, tensor in tensors.items()}


def _npy(tensor: NDArray[np.float32]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, tensor, allow_pickle=False)
    return buffer.getvalue()


def _documentation(subject: Subject) -> str:
    """The model card. Its heading on validation is the one that the format asks for."""
    card = subject.card or f"# {subject.name}\n"
    return (
        card
        if re.search(r"^#+ .*[Vv]alidation", card, re.MULTILINE)
        else f"{card}\n## Validation\n\n{_validation(subject)}\n"
    )


def _validation(subject: Subject) -> str:
    accuracy = subject.accuracy
    if accuracy is None:
        return "How good it is, is not known: its run has not been evaluated."
    interval = "" if accuracy.low is None else f" (95 % interval {accuracy.low:.3f} to {accuracy.high:.3f})"
    return f"Accuracy {accuracy.value:.3f}{interval} on {accuracy.images:,} {accuracy.split} images."


def _description(subject: Subject, verification: ExportVerification, files: dict[str, bytes]) -> str:
    how, classes = subject.classifier.preprocessing, subject.classifier.classes
    environment = Environment(
        loader=PackageLoader("leadline.exporters"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("rdf.yaml.j2").render(
        version=__version__,
        title=_title(subject.name),
        description=f"{subject.classifier.architecture}, trained to tell {len(classes)} classes apart",
        timestamp=datetime.now(UTC).isoformat(timespec="seconds"),
        size=how.size,
        channel_names=_identifiers(how.names or tuple(f"channel{number}" for number in range(how.channels))),
        class_identifiers=_identifiers(classes),
        sha256={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        opset=OPSET,
        record=to_json(subject.record("bioimageio", verification)),
    )


def _title(name: str) -> str:
    """Of the signs that the format lets a name have."""
    return re.sub(r"[^\w +()-]", "_", name)[:128].strip() or "classifier"


def _identifiers(names: tuple[str, ...]) -> list[str]:
    """Names as the format has them, lower case and without other signs; the real ones are in the record."""
    plain = [re.sub(r"\W+", "_", name.lower()).strip("_") for name in names]
    made = [f"n{name}" if not name[:1].isalpha() else name for name in plain]
    return [f"{name}_{number}" if made.count(name) > 1 else name for number, name in enumerate(made)]
