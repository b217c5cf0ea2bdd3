"""Every format in its own reader: the same answers on the same images, and what the model must say of itself."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from leadline.errors import LeadlineError, UsageError
from leadline.exporters.formats import check_place, write
from leadline.exporters.subject import Subject

from .conftest import MakeSubject

BATCHES = (1, 3, 9)


def says_what_it_takes(record: dict[str, object], subject: Subject) -> None:
    assert record["classes"] == list(subject.classifier.classes)
    assert json.dumps(record["preprocessing"]) == json.dumps(subject.classifier.preprocessing.to_dict())
    verification = record["verification"]
    assert isinstance(verification, dict)
    assert verification["batch_sizes"] == [1, 2, 7]
    assert verification["largest_difference"] < verification["limit"]


def test_torch(make_subject: MakeSubject, tmp_path: Path) -> None:
    subject = make_subject()
    write("torch", subject, tmp_path / "first.pt2")
    extra = {"leadline.json": ""}
    module = torch.export.load(tmp_path / "first.pt2", extra_files=extra).module()
    says_what_it_takes(json.loads(extra["leadline.json"]), subject)
    for count in BATCHES:
        _, probabilities = module(torch.from_numpy(subject.samples.images[:count]))
        np.testing.assert_allclose(probabilities.detach(), subject.samples.probabilities[:count], atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["lenet5", "resnet20_cifar", "densenet_small", "googlenet_small", "nin_small"])
def test_onnx(make_subject: MakeSubject, tmp_path: Path, architecture: str) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    subject = make_subject(architecture)
    write("onnx", subject, tmp_path / "first.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "first.onnx", providers=["CPUExecutionProvider"])
    says_what_it_takes(json.loads(session.get_modelmeta().custom_metadata_map["leadline"]), subject)
    for count in BATCHES:
        _, probabilities = session.run(None, {"images": subject.samples.images[:count]})
        np.testing.assert_allclose(probabilities, subject.samples.probabilities[:count], atol=1e-4)


STRETCHED = {"low": (10.0,), "high": (3000.0,), "dtype": "uint16"}


@pytest.mark.parametrize("how", [{}, pytest.param(STRETCHED, marks=pytest.mark.slow)], ids=["uint8", "stretched"])
def test_openvino(make_subject: MakeSubject, tmp_path: Path, how: dict[str, object]) -> None:
    openvino = pytest.importorskip("openvino")
    subject = make_subject(**how)
    write("openvino", subject, tmp_path / "first")
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["leadline.json", "model.bin", "model.xml"]
    says_what_it_takes(json.loads((tmp_path / "first" / "leadline.json").read_text("utf-8")), subject)
    model = openvino.compile_model(tmp_path / "first" / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    for count in BATCHES:
        probabilities = model(subject.samples.images[:count])["probabilities"]
        np.testing.assert_allclose(probabilities, subject.samples.probabilities[:count], atol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
def test_qupath(make_subject: MakeSubject, tmp_path: Path, channels: int) -> None:
    subject = make_subject(channels=channels)
    with pytest.raises(UsageError, match="--pixel-size"):
        write("qupath", subject, tmp_path / "first")
    assert not list(tmp_path.iterdir())
    subject = Subject(**{**vars(subject), "pixel_size": 0.25})
    write("qupath", subject, tmp_path / "first")
    config = json.loads((tmp_path / "first" / "config.json").read_text("utf-8"))
    # What the schema of WSInfer's zoo (model-config.schema.json, 1.0) requires.
    assert config["spec_version"] == "1.0"
    assert config["num_classes"] == len(config["class_names"]) == 3
    assert (config["patch_size_pixels"], config["spacing_um_px"]) == (32, 0.25)
    assert [step["name"] for step in config["transform"]] == ["Resize", "ToTensor"]
    # As QuPath does it: 8-bit RGB tiles from 0 to 1, softmax behind.
    model = torch.jit.load(str(tmp_path / "first" / "torchscript_model.pt"))
    tiles = torch.from_numpy(subject.samples.images / np.float32(255)).expand(-1, 3, -1, -1)
    np.testing.assert_allclose(model(tiles).softmax(1).detach(), subject.samples.probabilities, atol=1e-4)
    if channels == 1:
        with pytest.raises(Exception, match="this tile is in colour"):
            model(torch.rand(1, 3, 32, 32))


def test_qupath_refuses_what_its_tiles_cannot_be(make_subject: MakeSubject, tmp_path: Path) -> None:
    subject = Subject(**{**vars(make_subject(dtype="uint16")), "pixel_size": 0.25})
    with pytest.raises(LeadlineError, match="8-bit RGB"):
        write("qupath", subject, tmp_path / "first")


@pytest.mark.slow
def test_bioimageio(make_subject: MakeSubject, tmp_path: Path) -> None:
    subject = make_subject()
    package = tmp_path / "first.zip"
    write("bioimageio", subject, package)
    with zipfile.ZipFile(package) as opened:
        tensors = {name: np.load(io.BytesIO(opened.read(f"test_{name}.npy"))) for name in ("images", "probabilities")}
        assert b"alidation" in opened.read("README.md")
    np.testing.assert_allclose(tensors["probabilities"], subject.samples.probabilities[:2], atol=1e-4)
    validator = pytest.importorskip("bioimageio.core", reason="pip install 'leadline[validate]'")
    described = validator.load_description_and_test(package)
    summary = described.validation_summary
    assert summary.status == "passed", [error.msg for detail in summary.details for error in detail.errors]


def test_an_export_never_takes_the_place_of_something_else(make_subject: MakeSubject, tmp_path: Path) -> None:
    (tmp_path / "mine.pt2").write_text("my own")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("my own")
    for format, name in (("torch", "mine.pt2"), ("onnx", "mine.pt2"), ("openvino", "mine"), ("qupath", "mine.pt2")):
        with pytest.raises(LeadlineError, match="exists already"):
            check_place(format, tmp_path / name)
    write("torch", make_subject(), tmp_path / "first.pt2")
    check_place("torch", tmp_path / "first.pt2")
    subject = Subject(**{**vars(make_subject()), "pixel_size": 0.25})
    for _ in range(2):
        check_place("qupath", tmp_path / "folder")
        write("qupath", subject, tmp_path / "folder")
