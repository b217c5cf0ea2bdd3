"""Export: the classifier as ONNX, OpenVINO or torch.export, with its preprocessing and classes, and proof that it is
the same.

The exported network takes the pixels of an image as they are, cut to the central square and resized, and gives
calibrated probabilities: scaling of intensities, normalisation, temperature and softmax are in it. An export is kept
only if it gives the probabilities of PyTorch on images of the run, alone and several at a time.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leadline.classifier import Classifier
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError, UsageError
from leadline.inference.compiled import to_onnx, to_openvino
from leadline.inference.runtimes import PACKAGES
from leadline.writing import in_one_piece

Format = Literal["onnx", "openvino", "torch"]
FILES: dict[Format, str] = {"onnx": "model.onnx", "openvino": "model.xml", "torch": "model.pt2"}
DESCRIPTION = "leadline.json"
BATCHES = (1, 2, 7)  # images at a time in which an export is verified
LIMIT = 1e-3  # by which a probability may differ from PyTorch's


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """How the exported network compares with PyTorch in single precision, on images of the run."""

    images: int
    batches: tuple[int, ...]
    equal: float  # share of the images with the same answer
    largest_difference: float  # of a probability


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """leadline.json beside an exported network: how to use it."""

    schema: int = 1
    format: Format
    file: str
    architecture: str
    classes: tuple[str, ...]
    input: str = (
        "float32 (images, height, width, channels): pixel values as they are in the file, not divided by anything"
    )
    output: str = "float32 (images, classes): calibrated probabilities, in the order of the classes"
    preparation: tuple[str, ...]  # what has to be done to an image before
    preprocessing: Preprocessing  # all of it, as Leadline keeps it
    verification: Verification


class WithPreprocessing(nn.Module):
    """Pixels (images, height, width, channels) in, probabilities (images, classes) out."""

    low: Tensor
    high: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing, temperature: float) -> None:
        super().__init__()
        self.network, self.temperature = network, temperature
        how, channels = preprocessing, preprocessing.channels
        low = how.low or (0.0,) * channels
        high = how.high or (how.full_range,) * channels
        self.clipped = bool(how.low)
        for name, values in (("low", low), ("high", high), ("mean", how.mean), ("std", how.std)):
            self.register_buffer(name, torch.tensor(values, dtype=torch.float32))

    def forward(self, images: Tensor) -> Tensor:
        scaled = (images - self.low) / (self.high - self.low)
        if self.clipped:
            scaled = scaled.clamp(0, 1)
        normalised = ((scaled - self.mean) / self.std).permute(0, 3, 1, 2)
        logits: Tensor = self.network(normalised)
        return (logits / self.temperature).softmax(dim=1)


def preparation(how: Preprocessing) -> tuple[str, ...]:
    """In words, what has to be done to an image before the exported network takes it."""
    steps = []
    if how.names:
        steps.append(f"read the channels {', '.join(how.names)} from a file each, in this order")
    if how.select:
        steps.append(f"take the channels {', '.join(map(str, how.select))}, counted from 0, in this order")
    if how.project:
        steps.append(f"take the {how.project} over the planes of a stack")
    steps.append("cut out the central square")
    steps.append(f"resize it to {how.size} by {how.size} pixels, bilinearly with antialiasing, as Pillow does")
    return tuple(steps)


def export_to(
    classifier: Classifier, pixels: NDArray[Any], probabilities: NDArray[np.float64], to: Format, folder: Path
) -> Description:
    """Write the network and its description into `folder`, and compare it on the images `pixels` (count, size, size,
    channels), whose `probabilities` are known. LeadlineError where it does not give those."""
    _refuse_missing(to)
    how = classifier.preprocessing
    network = WithPreprocessing(classifier.network.cpu(), how, classifier.temperature).eval()
    example = torch.zeros(2, how.size, how.size, how.channels)
    file = folder / FILES[to]
    with torch.no_grad():
        if to == "onnx":
            to_onnx(network, example, file, output="probabilities")
        elif to == "openvino":
            to_openvino(network, example, file)
        else:
            program = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},))
            torch.export.save(program, file)
    verification = verified(loaded(file, to), pixels.astype(np.float32), probabilities)
    description = Description(
        format=to,
        file=file.name,
        architecture=classifier.architecture,
        classes=classifier.classes,
        preparation=preparation(how),
        preprocessing=how,
        verification=verification,
    )
    with in_one_piece(folder / DESCRIPTION) as temporary:
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n")
    return description


def verified(
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    pixels: NDArray[np.float32],
    probabilities: NDArray[np.float64],
) -> Verification:
    """Compare in batches of every size; LeadlineError where a probability differs by more than LIMIT."""
    largest, equal = 0.0, 1.0
    for size in BATCHES:
        found = np.concatenate([run(pixels[start : start + size]) for start in range(0, len(pixels), size)])
        largest = max(largest, float(np.abs(found - probabilities).max()))
        equal = min(equal, float((found.argmax(axis=1) == probabilities.argmax(axis=1)).mean()))
    if not largest <= LIMIT:  # NaN too
        raise LeadlineError(
            f"the exported network gives other probabilities: they differ by up to {largest:.2g} on images of the run, "
            f"and {LIMIT:g} is allowed; nothing was exported"
        )
    return Verification(images=len(pixels), batches=BATCHES, equal=equal, largest_difference=largest)


def loaded(file: Path, to: Format) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The exported network as other programs would run it."""
    if to == "torch":
        module = torch.export.load(file).module()

        def with_torch(images: NDArray[np.float32]) -> NDArray[np.float32]:
            with torch.inference_mode():
                return np.asarray(module(torch.from_numpy(images)).numpy())

        return with_torch
    if to == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        return lambda images: np.asarray(session.run(None, {session.get_inputs()[0].name: images})[0])
    import openvino

    model = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: np.asarray(model(images)[0])


def _refuse_missing(to: Format) -> None:
    from importlib.util import find_spec

    needed: Sequence[str] = {"torch": (), "onnx": ("onnx", "onnxscript", "onnxruntime")}.get(
        to, (PACKAGES["openvino"],)
    )
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise UsageError(f"--to {to}: {', '.join(missing)} is not installed; pip install 'leadline[{to}]'")
