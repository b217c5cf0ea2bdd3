"""A run in a line: what its page says first, in large letters."""

from dataclasses import replace
from pathlib import Path

from leadline.evaluation.records import Estimate, SplitMetrics
from leadline.report.headline import run_headline
from leadline.report.run_tables import Network, RunTables
from leadline.results.run_metrics import Folds

ACCURACY = Estimate(0.95, 0.9, 0.97, "Wilson", 1234)
FOLDS = Folds(folds=3, repeats=1, images=1234, accuracy_of_folds=())
NETWORK = Network("small", RunTables(), test=SplitMetrics(accuracy=ACCURACY, majority_baseline=0.25))


def words(network: Network) -> str:
    headline = run_headline(network)
    return " ".join([headline.line, *headline.meaning]).replace("\u00a0", " ")


def test_a_run_without_metrics_is_not_finished() -> None:
    assert run_headline(Network("small", RunTables(data_root=Path("/data")))).line == "Not finished."


def test_a_run_says_how_good_it_is_on_which_images() -> None:
    text = words(NETWORK)
    for fact in ("95.0 % of the test images", "1,234 test images that it had never seen", "90.0–97.0 %", "25.0 %"):
        assert fact in text


def test_with_folds_alone_the_images_are_neither_test_nor_validation_images() -> None:
    crossed = replace(NETWORK, folds=FOLDS, judged_split="out-of-fold", chosen_on="out-of-fold")
    text = words(crossed)
    assert "1,234 out-of-fold images" in text
    assert "3 folds" in text
    assert "validation" not in text
    assert "test" not in text
    assert "classifier" not in text, "folds that only judge leave none"
    assert "classifier" in words(replace(crossed, tables=RunTables(classifier=True)))


def test_validation_images_are_not_said_to_be_unseen() -> None:
    text = words(replace(NETWORK, judged_split="validation"))
    assert "1,234 validation images" in text
    assert "never seen" not in text
