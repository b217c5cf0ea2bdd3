"""`leadline bench`: every engine that is installed, for a network and for a trained classifier."""

import json
from pathlib import Path
from typing import Any

import pytest

from leadline.cli.bench import bench
from leadline.errors import LeadlineError, UsageError
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


def test_a_plan_takes_the_fastest_that_works_and_measures_decoding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stand_in(**asked: object) -> verbs.Bench:
        assert asked["model"] == "resnet50_v1_5"
        speeds = [
            ("prediction", 8.0, ""),
            ("prediction", 20.0, ""),
            ("prediction", 0.0, "broken"),
            ("training", 3.0, ""),
        ]
        return verbs.Bench(
            network="resnet50_v1_5", size=224, channels=3, multiply_adds=4e9, peak={}, environment=verbs.environment(),
            speeds=tuple(
                verbs.Speed(does=does, engine="torch", precision="fp32", images_per_second=rate, problem=problem)
                for does, rate, problem in speeds
            ),
        )  # fmt: skip

    monkeypatch.setattr(verbs, "bench", stand_in)
    monkeypatch.setattr(verbs, "IMAGES", 8)
    assert bench(plan=True, json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rates"]["training"], told["rates"]["prediction"]) == (3, 20)
    assert told["rates"]["decoding"] > 0
    assert [one["gpus"] for one in told["costs"]] == [0, 8, 64, 0, 8, 64]
    assert bench(plan=True) == 0
    shown = capsys.readouterr().out
    assert shown.count("this machine") == 2
    assert all(one["source"] in shown for one in told["assumptions"])


def test_a_plan_of_another_network_is_refused(tmp_path: Path) -> None:
    refused: tuple[dict[str, Any], ...] = ({"run": tmp_path}, {"model": "lenet5"}, {"size": 64})
    for besides in refused:
        with pytest.raises(UsageError, match="--plan"):
            bench(besides.pop("run", None), **besides, plan=True)


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    for wrong in ({}, {"run": tmp_path, "model": "lenet5"}, {"model": "lenet5", "size": 8}, {"model": "lenet"}):
        with pytest.raises(LeadlineError):
            verbs.bench(**wrong)
