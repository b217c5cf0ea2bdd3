"""`leadline bench`: every engine that is installed, for a network and for a trained classifier."""

from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.inference.hardware import hardware
from leadline.inference.runtimes import installed
from leadline.verbs import bench as verbs
from leadline.verbs.train import train

from ..conftest import MakeImages, Notes


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "SECONDS", 0.01)
    monkeypatch.setattr(verbs, "MATRIX", 64)


def test_every_engine_is_measured_and_one_that_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = verbs.compile_once

    def failing(folder: Path, runtime: str) -> Path:
        if runtime == "onnx":
            raise LeadlineError("onnx: compiling failed")
        return real(folder, runtime)

    monkeypatch.setattr(verbs, "compile_once", failing)
    found = verbs.bench(model="lenet5")
    engines = {(one.does, one.engine) for one in found.speeds}
    assert engines == {("prediction", name) for name in ("torch", *installed())} | {("training", "torch")}
    for one in found.speeds:
        assert (one.problem == "onnx: compiling failed") == (one.engine == "onnx")
        assert one.images_per_second > 0 or one.problem
    assert found.speeds[0].ratio == 1
    assert set(found.peak) == {"fp32", hardware().precision}


def test_a_run_is_measured_at_its_own_size(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=8), model="lenet5", epochs=1, out=tmp_path / "run", progress=Notes()).folder
    found = verbs.bench(run)
    assert (found.network, found.size, found.channels) == ("lenet5", 32, 1)


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    for wrong in ({}, {"run": tmp_path, "model": "lenet5"}, {"model": "lenet5", "size": 8}, {"model": "lenet"}):
        with pytest.raises(LeadlineError):
            verbs.bench(**wrong)
