"""From tables of predictions to who was right on which image, by which training."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import balanced_accuracy_score

from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.contestant import Contestant, Evidence
from leadline.evaluation.predictions import Predictions

COST = {"multiply_adds": 1e6, "seconds_per_image": 0.001}


def without(predictions: Predictions, *paths: str) -> Predictions:
    return Predictions(predictions.table.filter(~pl.col("path").is_in(paths)), predictions.classes)


def test_the_estimate_is_the_accuracy_and_with_equal_classes_the_balanced_one(
    made_up: Callable[..., Predictions],
) -> None:
    tables = [made_up(200, 3, seed=seed) for seed in range(2)]
    one = Contestant.of("vgg_a", tables[0], **COST)
    right = tables[0].label_indices == tables[0].predicted_indices
    assert Evidence.shared_by([one], "accuracy").estimates == pytest.approx([right.mean()])
    oracle = balanced_accuracy_score(tables[0].label_indices, tables[0].predicted_indices)
    assert Evidence.shared_by([one], "balanced_accuracy").estimates == pytest.approx([oracle])


def test_images_that_one_network_could_not_judge_are_left_out_for_all_and_counted(
    made_up: Callable[..., Predictions],
) -> None:
    whole = made_up(50, seed=1)
    lacking = without(whole, "image 3.png", "image 7.png")
    both = [Contestant.of("a", whole, **COST), Contestant.of("b", lacking, **COST)]
    evidence = Evidence.shared_by(both, "accuracy")
    assert (evidence.images, evidence.left_out) == (48, 2)
    assert (evidence.right[0] == evidence.right[1]).all()


def test_the_order_of_rows_and_classes_does_not_matter(made_up: Callable[..., Predictions]) -> None:
    whole = made_up(40, seed=2, groups=6)
    of_patient = pl.when(pl.int_range(40) % 5 > 0).then("group")  # every fifth image has no patient
    whole = Predictions(whole.table.with_columns(of_patient.alias("group")), whole.classes)
    turned = Predictions(whole.table.reverse(), whole.classes[::-1])
    fold = np.arange(40) % 4
    both = [Contestant.of("a", whole, fold, **COST), Contestant.of("b", turned, fold[::-1], **COST)]
    evidence = Evidence.shared_by(both, "accuracy")
    assert (evidence.right[0] == evidence.right[1]).all()
    assert (evidence.trainings[:, 0] == fold).all()


def test_folds_and_repeats_number_the_trainings(made_up: Callable[..., Predictions]) -> None:
    tables, fold = [made_up(60, seed=3)] * 2, np.arange(60) % 5
    repeated = Contestant.of("a", tables, np.column_stack([fold, (fold + 1) % 5]), **COST)
    assert repeated.trainings.shape == (60, 2)
    assert len(np.unique(repeated.trainings)) == 10
    assert not set(repeated.trainings[:, 0]) & set(repeated.trainings[:, 1])
    assert Evidence.shared_by([repeated], "accuracy").effective_trainings == pytest.approx(10)
    seeds = Contestant.of("a", tables, **COST)
    assert seeds.trainings.tolist() == [[0, 1]] * 60


def test_what_cannot_be_compared_is_refused_and_named(made_up: Callable[..., Predictions]) -> None:
    whole = made_up(30, seed=4)
    one = Contestant.of("vgg_a", whole, **COST)
    with pytest.raises(UsageError, match="vgg_a"):
        Contestant.of("vgg_a", [], **COST)
    with pytest.raises(LeadlineError, match=r"image 0\.png"):
        Contestant.of("vgg_a", Predictions(pl.concat([whole.table, whole.table[:1]]), whole.classes), **COST)
    other = Predictions(whole.table.with_columns(label=pl.lit("class 0")), whole.classes)
    with pytest.raises(LeadlineError, match="another label for nin"):
        Evidence.shared_by([one, Contestant.of("nin", other, **COST)], "accuracy")
    with pytest.raises(LeadlineError, match="other folds"):
        Evidence.shared_by([one, Contestant.of("nin", whole, np.arange(30) % 5, **COST)], "accuracy")
    grouped = Predictions(whole.table.with_columns(group=pl.lit("p")), whole.classes)
    with pytest.raises(LeadlineError, match=r"image 1\.png has another group"):
        Evidence.shared_by([one, Contestant.of("nin", grouped, **COST)], "accuracy")
    elsewhere = Predictions(whole.table.with_columns(path="new " + pl.col("path")), whole.classes)
    with pytest.raises(LeadlineError, match="no image in common"):
        Evidence.shared_by([one, Contestant.of("nin", elsewhere, **COST)], "accuracy")
