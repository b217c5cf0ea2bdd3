"""The learning curve of a comparison: nested subsets, equal steps, the same validation images, resumable."""

from pathlib import Path

import pytest

from leadline.errors import DivergenceError, UsageError
from leadline.progress import Progress
from leadline.results.comparison_result import Round
from leadline.training import loop
from leadline.training.fewer_images import HALVINGS
from leadline.training.race import Race
from leadline.training.run_folder import Run
from leadline.training.scoreboard import Clock
from leadline.verbs.compare import compare, plan_comparison, prepare, resume_comparison

from ..conftest import MakeImages


def test_the_chosen_network_is_trained_on_fewer_images_with_as_many_steps(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_images(count=60)
    options = {"models": ["resnet20_cifar"], "epochs": 3, "learning_curve": True}
    whole = compare(data, out=tmp_path / "whole", **options)  # type: ignore[arg-type]
    curve = whole.result.learning_curve
    assert curve is not None
    assert curve.network == "resnet20_cifar"
    assert [point.images for point in curve.points] == [10, 20, 42, 84]
    full = Run(tmp_path / "whole" / "final" / "resnet20_cifar")
    assert curve.points[-1].accuracy == full.metrics.validation.accuracy
    for images in (10, 20, 42):
        run = Run(tmp_path / "whole" / "final" / "learning-curve" / f"resnet20_cifar-{images}")
        assert run.recipe.steps == full.recipe.steps
        assert len(run.manifest.usable.filter(split="train")) == images
        assert run.predictions.table["path"].equals(full.predictions.of_split("validation").table["path"])
        assert run.metrics.test is None
        assert not (run.folder / "checkpoint.pt").exists()
    assert curve.reason
    page = (tmp_path / "whole" / "report.html").read_text()
    assert "Would more images help?" in page
    assert "Validation accuracy of resnet20_cifar against the number of training images. 10 images:" in page

    real, started = loop.fit, []

    def fit(*arguments: object, **settings: object) -> object:
        started.append(1)
        if len(started) == 3:
            raise loop.Interrupted("the second subset")
        return real(*arguments, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr("leadline.training.training.fit", fit)
    with pytest.raises(loop.Interrupted, match=r"stopped$"):
        compare(data, out=tmp_path / "stopped", **options)  # type: ignore[arg-type]
    resumed = resume_comparison(tmp_path / "stopped")
    assert len(started) == 5
    assert resumed.result.learning_curve == curve


def test_a_curve_that_was_not_asked_for_is_not_drawn(make_images: MakeImages, tmp_path: Path) -> None:
    found = compare(make_images(count=12), models=["lenet5"], out=tmp_path / "out", epochs=1)
    assert found.result.learning_curve is None
    assert "Would more images help?" not in (tmp_path / "out" / "report.html").read_text()


def test_every_seed_has_a_curve_of_its_own(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=30)
    found = compare(data, models=["lenet5"], out=tmp_path / "out", epochs=1, seeds=2, learning_curve=True)
    points = found.result.learning_curve.points
    assert [len(point.seeds) for point in points] == [2, 2, 2, 2]
    runs = [
        Run(tmp_path / "out" / "final" / "learning-curve" / f"lenet5-{points[2].images}-seed{seed}") for seed in (0, 1)
    ]
    subsets = [set(run.manifest.usable.filter(split="train")["path"]) for run in runs]
    assert subsets[0] != subsets[1]


def test_a_subset_whose_training_fails_is_left_out_of_the_curve(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from leadline.training import fewer_images as more_images

    real = more_images.train_one

    def failing(run, recipe, manifest, **options):  # type: ignore[no-untyped-def]
        if run.name == "lenet5-20":
            raise DivergenceError("the loss is no longer a finite number")
        return real(run, recipe, manifest, **options)

    monkeypatch.setattr(more_images, "train_one", failing)
    found = compare(make_images(count=60), models=["lenet5"], out=tmp_path / "out", epochs=1, learning_curve=True)
    assert [point.images for point in found.result.learning_curve.points] == [10, 42, 84]


def test_the_minutes_are_for_the_curve_too(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=40)
    shares = []
    for learning_curve in (False, True):
        result, manifest = prepare(
            data, progress=Progress(), models=["lenet5"], minutes=5.0, learning_curve=learning_curve
        )
        race = Race(tmp_path / "not made", result, Clock(), Progress(), manifest)
        race.add(Round("final", entrants=result.entrants, folder="final", ends_at=300.0))
        shares.append(race.share(result.entrants))
    assert shares[0] == pytest.approx((1 + HALVINGS) * shares[1], rel=0.01)
    with pytest.raises(UsageError, match="--learning-curve beside --folds"):
        plan_comparison(data, epochs=1.0, folds=3, learning_curve=True)
