"""`--to qupath`: a folder that QuPath's WSInfer extension takes: config.json and torchscript_model.pt.

WSInfer cuts square tiles of a physical size, resizes them, scales 8-bit RGB to 0 to 1, and applies softmax to what the
model gives (its schema: github.com/SBU-BMI/wsinfer-zoo). So the model takes RGB from 0 to 1 and gives logits.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from leadline.errors import LeadlineError, UsageError
from leadline.exporters.deployed import Deployed
from leadline.exporters.subject import Subject
from leadline.exporters.verification import Run, verify
from leadline.results.export_record import ExportVerification, to_json
from leadline.wording import visible_json

MODEL, CONFIG, RECORD = "torchscript_model.pt", "config.json", "leadline.json"


class Tiles(nn.Module):
    """Logits of RGB tiles from 0 to 1. A grey classifier takes tiles in which the three are equal, and no others."""

    grey: torch.jit.Final[bool]  # type: ignore[name-defined]  # torch's stub lacks it

    def __init__(self, network: nn.Module, *, grey: bool) -> None:
        super().__init__()
        self.network = network
        self.grey = grey

    def forward(self, tiles: Tensor) -> Tensor:
        images = (tiles * 255.0).round()
        if self.grey:
            assert bool((images == images[:, :1]).all()), (
                "this classifier was trained on grey images, and this tile is in colour"
            )
            images = images[:, :1]
        logits: Tensor = self.network(images)
        return logits


class _Logits(nn.Module):
    def __init__(self, module: Deployed) -> None:
        super().__init__()
        self.module = module

    def forward(self, images: Tensor) -> Tensor:
        return self.module(images)[0]  # type: ignore[no-any-return]


def write_qupath(subject: Subject, folder: Path) -> ExportVerification:
    """Write the files into `folder`. UsageError without a pixel size, LeadlineError for no 8-bit grey or RGB."""
    how = subject.classifier.preprocessing
    if how.dtype != "uint8" or how.channels not in (1, 3) or how.select or how.names:
        raise LeadlineError(
            f"{subject.name}: takes {how.channels} channels of {how.dtype}, and QuPath's WSInfer gives tiles of 8-bit "
            "RGB; export to onnx, or train on images of that kind"
        )
    if subject.pixel_size is None:
        raise UsageError(
            "--to qupath needs --pixel-size: µm per pixel of the images that the classifier was trained on"
        )
    model = folder / MODEL
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # TorchScript is deprecated; WSInfer reads nothing else
        network = torch.jit.trace(  # type: ignore[no-untyped-call]
            _Logits(Deployed(subject.classifier)), subject.example, check_trace=False
        )
        torch.jit.save(torch.jit.script(Tiles(network, grey=how.channels == 1)), str(model))
        verification = verify(tile_probabilities(model), subject.samples, format="TorchScript")
    (folder / CONFIG).write_text(
        visible_json(json.dumps(_config(subject), indent=2, ensure_ascii=False)) + "\n", "utf-8"
    )
    (folder / RECORD).write_text(to_json(subject.record("qupath", verification), indent=2) + "\n", "utf-8")
    return verification


def _config(subject: Subject) -> dict[str, object]:
    classifier = subject.classifier
    return {
        "spec_version": "1.0",
        "architecture": classifier.architecture,
        "num_classes": len(classifier.classes),
        "patch_size_pixels": subject.image_side,
        "spacing_um_px": subject.pixel_size,
        "class_names": list(classifier.classes),
        "transform": [{"name": "Resize", "arguments": {"size": classifier.preprocessing.size}}, {"name": "ToTensor"}],
    }


def tile_probabilities(model: Path) -> Run:
    """What WSInfer makes of tiles: intensities from 0 to 1 in, softmax behind."""
    network = torch.jit.load(str(model)).eval()  # type: ignore[no-untyped-call]

    def run(images: NDArray[np.float32]) -> NDArray[np.floating]:
        tiles = torch.from_numpy(images / np.float32(255))
        with torch.inference_mode():
            logits = network(tiles.expand(-1, 3, -1, -1))
        return logits.softmax(dim=1).numpy()  # type: ignore[no-any-return]

    return run
