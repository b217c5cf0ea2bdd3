"""Compiled networks: the same answers in order, believed only when that was seen, and never a reason to fail."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from leadline.classifier import load
from leadline.errors import LeadlineError, UsageError
from leadline.inference import compiled, engine_trial, runtimes
from leadline.inference.compiled import Compiled, compile_once
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.inference.runtimes import Runtime
from leadline.verbs.predict import engine_of, predict
from leadline.verbs.train import train
from leadline.zoo.last_layer import WithFeatures

from ..conftest import Notes

ENGINES = ["openvino", "onnx"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    from ..conftest import disc  # no fixture of one function makes what a module shares

    home = tmp_path_factory.mktemp("module")
    for position, label in enumerate(("dark", "light")):
        (home / "images" / label).mkdir(parents=True)
        for number in range(120):
            pixels = disc(1000 * position + number, bright=position == 1, size=16)
            Image.fromarray(pixels).save(home / "images" / label / f"{number:03d}.png")
    return train(home / "images", model="lenet5", epochs=4, out=home / "run", progress=Notes()).folder


def images_of(run: Path) -> Path:
    return run.parent / "images"


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_gives_pytorchs_answers_in_the_order_of_the_images(
    run: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "TOGETHER", 7)
    plain = predict(run, images_of(run), engine="torch", precision="fp32").table
    fast = predict(run, images_of(run), engine=engine, precision="fp32").table
    assert fast["path"].equals(plain["path"])
    assert fast["predicted"].equals(plain["predicted"])
    assert fast["probability"].to_numpy() == pytest.approx(plain["probability"].to_numpy(), abs=1e-4)


@pytest.mark.parametrize("count", [1, 2, 7, 17])
@pytest.mark.parametrize("engine", ENGINES)
def test_any_number_of_images_goes_through_one_compiled_network(run: Path, engine: Runtime, count: int) -> None:
    classifier = load(run)
    fast = Compiled.load(compile_once(run / "classifier", engine), engine, "fp32")
    images = torch.randn(count, 1, 32, 32, generator=torch.Generator().manual_seed(count))
    with torch.inference_mode():
        expected = WithFeatures(classifier.network)(images)
    for found, known in zip(fast(images.numpy()), expected, strict=True):
        assert found == pytest.approx(known.numpy(), abs=1e-3)


def test_it_is_compiled_once_and_again_when_the_classifier_changes(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = compile_once(run / "classifier", "openvino")

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("compiled twice")

    monkeypatch.setattr(subprocess, "run", refused)
    assert compile_once(run / "classifier", "openvino") == folder
    classifier = load(run)
    replace(classifier, temperature=classifier.temperature + 1).save(run.parent / "other")
    with pytest.raises(AssertionError, match="twice"):
        compile_once(run.parent / "other", "openvino")


def choose(
    run: Path, *, engine: str = "auto", precision: str = "fp32", images: int = 10_000
) -> tuple[Engine, list[str]]:
    notes = Notes()
    found = engine_of(run, load(run), engine=engine, precision=precision, images=images, progress=notes)
    return found, notes.notes


def test_auto_says_what_it_took_and_how_that_was_verified(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_trial, "median", lambda _: 3.0)
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-said"))
    found, notes = choose(run)
    assert found.compiled
    assert "openvino in fp32, 3.0 times as fast as PyTorch" in notes[0]
    assert "100.0% of the answers are the same" in notes[0]


def test_few_images_are_not_worth_compiling(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-few"))
    monkeypatch.setattr(subprocess, "run", None)
    found, notes = choose(run, images=3)
    assert (found.compiled, notes) == (None, [])


def test_other_answers_are_not_believed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-wrong"))
    real = Compiled.__call__

    def other(self: Compiled, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits, features = real(self, images)
        return -logits, features

    monkeypatch.setattr(Compiled, "__call__", other)
    found, notes = choose(run)
    assert (found.compiled, notes) == (None, [])
    with pytest.raises(LeadlineError, match="gives only"):
        choose(run, engine="openvino")


def test_a_crash_of_the_compiler_costs_speed_alone(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-crash"))
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, -11, "", ""))
    assert choose(run)[0].compiled is None
    with pytest.raises(LeadlineError, match="compiling failed"):
        choose(run, engine="onnx")


def test_what_failed_is_tried_again_only_when_it_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-failed"))
    monkeypatch.setattr(engine_trial, "median", lambda _: 3.0)
    with monkeypatch.context() as broken:
        broken.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", "no"))
        choose(run)
        broken.setattr(subprocess, "run", None)  # which nobody calls
        assert choose(run)[0].compiled is None
    assert choose(run)[0].compiled is None
    assert choose(run, engine="openvino")[0].compiled
    assert choose(run)[0].compiled


def test_without_the_runs_images_nothing_is_believed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-gone"))
    monkeypatch.setattr(subprocess, "run", None)  # then nothing is compiled either
    classifier = run / "classifier"  # a classifier that was handed on without its run
    assert choose(classifier)[0].compiled is None
    with pytest.raises(LeadlineError, match="cannot be verified"):
        choose(classifier, engine="openvino")


def test_what_is_not_there_is_said(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "find_spec", lambda _: None)
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-none"))
    assert choose(run)[0].compiled is None
    with pytest.raises(UsageError, match=r"pip install 'leadline\[openvino\]'"):
        choose(run, engine="openvino")
    with pytest.raises(UsageError, match="fp32 alone"):
        predict(run, images_of(run), engine="onnx", precision="bf16")
    with pytest.raises(UsageError, match="int8"):
        predict(run, images_of(run), engine="torch", precision="int8")


def test_integers_are_taken_only_where_next_to_nothing_is_lost(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLINE_CACHE", str(run.parent / "cache-int8"))
    monkeypatch.setattr(engine_trial, "median", lambda _: 3.0)
    with pytest.raises(LeadlineError, match="points below PyTorch's"):  # 36 images show too little
        choose(run, engine="openvino", precision="int8")
    fallen_back, _ = choose(run, precision="int8")
    assert fallen_back.compiled
    assert fallen_back.compiled.precision == hardware().precision  # what PyTorch would compute in
    monkeypatch.setattr(engine_trial, "MARGIN", 0.2)
    taken, notes = choose(run, precision="int8")
    assert taken.compiled
    assert taken.compiled.precision == "int8"
    assert "points lower (95% confidence)" in notes[0]
    plain = predict(run, images_of(run), engine="torch", precision="fp32").table
    integers = predict(run, images_of(run), engine="openvino", precision="int8").table
    assert (integers["predicted"] == plain["predicted"]).mean() > 0.95
    assert integers["probability"].to_list() != plain["probability"].to_list()


def test_unreadable_images_keep_their_rows(run: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"")
    found = predict(run, [tmp_path / "broken.png", images_of(run) / "dark"], engine="openvino").table
    assert found["error"][0]
    assert found["predicted"].null_count() == 1
    assert found.filter(pl.col("error") == "")["probability"].is_finite().all()
