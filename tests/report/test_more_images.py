"""The figure of more images says in words what it draws, and draws no law where there is none."""

from msgspec.structs import replace

from leadline.evaluation.learning_curve import learning_curve
from leadline.evaluation.records import LearningCurve
from leadline.report.more_images import more_images
from simulate_learning_curve import made_up_tables

LAW = (0.02, 0.1, 0.5)


def test_every_size_and_the_forecast_are_in_the_text_alternative() -> None:
    curve = replace(learning_curve(made_up_tables(LAW, images=400, seed=0)), network="resnet20_cifar")
    shown = more_images(curve, [])
    assert shown
    text = shown.figure.replace("\u00a0", " ")
    for point in curve.points:
        assert f"{point.images:,} images: {100 * point.accuracy.value:.1f} %" in text
    assert f"By the fitted law 2,000 images: {100 * curve.forecast[0].value:.1f} %" in text
    assert text.count("<svg") == 1
    assert shown.last.startswith("From 500 to 1,000 images it gained")


def test_three_sizes_are_drawn_without_a_law() -> None:
    curve = learning_curve(made_up_tables(LAW, images=400, seed=0, sizes=(250, 500, 1000)))
    shown = more_images(curve, [])
    assert shown
    assert "By the fitted law" not in shown.figure
    assert "It cannot be said whether more images would help" in shown.reason


def test_nothing_is_drawn_before_there_are_two_sizes() -> None:
    assert more_images(None, []) is None
    assert more_images(LearningCurve(answer="cannot be said", reason="It cannot be said."), []) is None
