"""A classifier's network compiled for another runtime: OpenVINO or ONNX Runtime, which are faster than PyTorch here.

Compiling happens once, in a process of its own that may crash, and is kept under the cache folder, keyed by the
classifier's content and the runtime's version; why it failed is kept there, too. Whether a compiled network may be
believed is decided elsewhere (inference.engine_choice).
"""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadline.classifier import DESCRIPTION, WEIGHTS, load
from leadline.data.cache_folder import cache_folder, made_in_cache
from leadline.errors import LeadlineError
from leadline.inference.runtimes import PACKAGES, Precision, Runtime, refuse_missing
from leadline.zoo.last_layer import WithFeatures

Floats = NDArray[np.float32]
FILES: dict[Runtime, str] = {"openvino": "model.xml", "onnx": "model.onnx"}
OUTPUTS = ("logits", "features")
INT8 = "int8.xml"  # beside OpenVINO's
FAILED = ".failed"  # the suffix of a file that says why the one of its name could not be made
# Raise it when the same classifier would be compiled otherwise.
FORMAT = 2
# Images that a runtime works at as one; several such parts run at the same time.
TOGETHER = 16
SECONDS = 300  # after which compiling is given up


def compiled_in(classifier: Path, runtime: Runtime) -> Path:
    """The cache folder of the compiled form of the classifier folder `classifier`, which may not be there yet."""
    digest = hashlib.sha256(f"{FORMAT} {runtime} {version(PACKAGES[runtime][0])}".encode())
    for name in (WEIGHTS, DESCRIPTION):
        digest.update((classifier / name).read_bytes())
    return cache_folder() / "compiled" / digest.hexdigest()[:24]


def compile_once(classifier: Path, runtime: Runtime) -> Path:
    """The file with the compiled network of a classifier folder; LeadlineError where it cannot be compiled."""
    refuse_missing(runtime)
    folder = compiled_in(classifier, runtime)
    file = folder / FILES[runtime]
    if not file.is_file():
        made_in_cache("compiled", folder.name)
        _made(file, "leadline.inference.compiled", classifier, runtime, folder)
    return file


def quantize_once(model: Path, images: Callable[[], Floats]) -> Path:
    """The file with OpenVINO's `model` in 8-bit integers, for values like those of normalised `images`."""
    file = model.with_name(INT8)
    if not file.is_file():
        with tempfile.TemporaryDirectory(dir=model.parent) as folder:
            values = Path(folder) / "images.npy"
            np.save(values, images())
            _made(file, "leadline.inference.int8", model, values, file)
    return file


def failed_before(classifier: Path, runtime: Runtime, precision: Precision) -> str:
    """Why compiling failed when it was last tried; "" where it did not, or was never tried."""
    for name in (FILES[runtime], *([INT8] if precision == "int8" else [])):
        file = compiled_in(classifier, runtime) / name
        if not file.is_file() and file.with_suffix(FAILED).is_file():
            return file.with_suffix(FAILED).read_text("utf-8")
    return ""


def _made(file: Path, module: str, *arguments: object) -> None:
    """Let `module`, in a process of its own, make `file`; LeadlineError, which is kept, where it does not."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        said = finished.stderr.strip().splitlines() or [f"exit {finished.returncode}"]
        problem = f"failed ({said[-1]})" if finished.returncode or not file.is_file() else ""
    except subprocess.TimeoutExpired:
        problem = f"took more than {SECONDS} s"
    if problem:
        message = f"{file.name}: compiling {problem}"
        file.with_suffix(FAILED).write_text(message, "utf-8")
        raise LeadlineError(message)


def convert(classifier: Path, runtime: Runtime, folder: Path) -> None:
    """Write the network of a classifier folder as the runtime's file, for any number of images."""
    import torch

    found = load(classifier)
    how = found.preprocessing
    example = torch.zeros(2, how.channels, how.size, how.size)
    file = folder / FILES[runtime]
    if runtime == "openvino":
        to_openvino(WithFeatures(found.network), example, file, outputs=OUTPUTS)
    else:
        to_onnx(WithFeatures(found.network), example, file, outputs=OUTPUTS)


def to_openvino(network: Any, example: Any, file: Path, *, outputs: Sequence[str]) -> None:
    """The network as OpenVINO's IR, `file` (.xml) and weights beside it, these outputs; float32, any batch size."""
    import openvino

    shape = openvino.PartialShape([-1, *example.shape[1:]])
    model = openvino.convert_model(network.eval(), example_input=example, input=[shape])
    for output, name in zip(model.outputs, outputs, strict=True):
        output.get_tensor().set_names({name})
    weights = file.with_suffix(".bin")
    new = file.with_name("new.xml")  # its weights are written as new.bin
    openvino.save_model(model, new, compress_to_fp16=False)
    new.with_suffix(".bin").replace(weights)
    new.replace(file)


def to_onnx(network: Any, example: Any, file: Path, *, outputs: Sequence[str]) -> None:
    """The network as one ONNX file with input "images" and these outputs; float32, any batch size."""
    import torch

    batch = torch.export.Dim("batch", min=1)
    new = file.with_suffix(".new")
    torch.onnx.export(
        network.eval(), (example,), new, input_names=["images"], output_names=list(outputs), dynamo=True,
        dynamic_shapes=({0: batch},), external_data=False, verbose=False,
    )  # fmt: skip
    new.replace(file)


@dataclass(frozen=True)
class Compiled:
    """A compiled network that is loaded: normalised images in, logits and features out."""

    runtime: Runtime
    precision: Precision
    session: Any

    @staticmethod
    def load(file: Path, runtime: Runtime, precision: Precision) -> "Compiled":
        """Raises LeadlineError where the runtime does not take the file."""
        try:
            return Compiled(runtime, precision, _session(file, runtime, precision))
        except Exception as error:
            raise LeadlineError(f"{runtime}: cannot load {file} ({error})") from error

    def __call__(self, images: Floats) -> tuple[Floats, Floats]:
        """Logits (images, classes) and features (images, width) of (images, channels, height, width)."""
        starts = range(0, len(images), TOGETHER)
        parts: dict[int, list[Floats]] = {}
        if self.runtime == "onnx":
            parts = {start: self.session.run(None, {"images": images[start : start + TOGETHER]}) for start in starts}
        else:

            def keep(request: Any, start: int) -> None:
                parts[start] = [request.get_output_tensor(number).data.copy() for number in range(len(OUTPUTS))]

            self.session.set_callback(keep)
            for start in starts:
                self.session.start_async({0: images[start : start + TOGETHER]}, start)
            self.session.wait_all()
        logits, features = map(np.concatenate, zip(*(parts[start] for start in starts), strict=True))
        return logits, features


def _session(file: Path, runtime: Runtime, precision: Precision) -> Any:
    if runtime == "onnx":
        import onnxruntime

        return onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    import openvino

    settings = {"PERFORMANCE_HINT": "THROUGHPUT"}
    if precision != "int8":  # whose other layers take what is fastest
        settings["INFERENCE_PRECISION_HINT"] = {"fp32": "f32", "bf16": "bf16"}[precision]
    return openvino.AsyncInferQueue(openvino.Core().compile_model(file, "CPU", settings))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))  # type: ignore[arg-type]
