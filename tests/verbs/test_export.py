"""`leadline export`: the same probabilities in other runtimes, or no export at all."""

from pathlib import Path

import msgspec
import numpy as np
import onnxruntime
import pytest
from PIL import Image

from leadline.errors import LeadlineError, UsageError
from leadline.export import exported
from leadline.export.exported import DESCRIPTION, FILES, Description, loaded
from leadline.verbs.export import export
from leadline.verbs.predict import predict
from leadline.verbs.train import train

from ..conftest import MakeImages, Notes


@pytest.fixture
def run(make_images: MakeImages, tmp_path: Path) -> Path:
    return train(make_images(count=16), model="lenet5", epochs=2, out=tmp_path / "run", progress=Notes()).folder


@pytest.mark.parametrize("to", list(FILES))
def test_an_export_gives_predicts_probabilities(run: Path, to: exported.Format, tmp_path: Path) -> None:
    found = export(run, to=to, out=tmp_path / "out")
    described = msgspec.json.decode((found.folder / DESCRIPTION).read_bytes(), type=Description)
    assert described == found.description
    assert described.classes == ("dark", "light")
    assert described.verification.equal == 1
    files = sorted((tmp_path / "images").rglob("*.png"))[:5]
    pixels = np.stack([np.asarray(Image.open(file))[..., None] for file in files]).astype(np.float32)
    probabilities = loaded(found.folder / described.file, to)(pixels)
    known = predict(run, files, engine="torch", precision="fp32")
    assert probabilities == pytest.approx(known.probabilities, abs=1e-4)


def test_onnx_takes_any_number_of_images_and_names_its_ends(run: Path, tmp_path: Path) -> None:
    folder = export(run, to="onnx", out=tmp_path / "out").folder
    session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
    (images,), (probabilities,) = session.get_inputs(), session.get_outputs()
    assert (images.name, probabilities.name) == ("images", "probabilities")
    assert images.shape[1:] == [32, 32, 1]
    for count in (1, 3):
        assert session.run(None, {"images": np.zeros((count, 32, 32, 1), np.float32)})[0].shape == (count, 2)
    assert [file.name for file in sorted(folder.iterdir())] == ["leadline.json", "model.onnx"]


def test_another_answer_is_no_export(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exported, "loaded", lambda *_: lambda images: np.full((len(images), 2), 0.5))
    with pytest.raises(LeadlineError, match="other probabilities"):
        export(run, to="torch", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_intensities_that_training_scaled_are_scaled_in_the_export(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=16)
    run = train(
        data, model="lenet5", epochs=1, intensity="percentile 5 95", out=tmp_path / "run", progress=Notes()
    ).folder
    assert export(run, to="torch", out=tmp_path / "out").description.verification.largest_difference < 1e-5


def test_what_cannot_be_exported_is_said(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="expected one of onnx, openvino, torch"):
        export(run, to="coreml", out=tmp_path / "out")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="exists already"):
        export(run, to="onnx", out=run)
    with pytest.raises(LeadlineError, match="none of its images"):
        export(run / "classifier", to="torch", out=tmp_path / "out")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="pip install"):
        export(run, to="onnx", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
