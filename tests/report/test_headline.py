"""The verdict in a line: what the page says first, in large letters."""

from dataclasses import replace
from pathlib import Path

from leadline.report.headline import comparison_headline, run_headline
from leadline.report.tables import Network, RunTables


def network(name: str, *, multiply_adds: int = 1_000_000, right: float = 0.9) -> Network:
    accuracy = {"value": right, "low": right - 0.05, "high": right + 0.02, "method": "Wilson", "n": 1234}
    return Network(
        name, RunTables(), multiply_adds=multiply_adds, test={"accuracy": accuracy, "majority_baseline": 0.25}
    )


NETWORKS = [network("small", multiply_adds=2_000_000), network("large", multiply_adds=40_000_000, right=0.95)]
JUDGED = [{"name": "small"}, {"name": "large"}]
IMAGES = {"train": 700, "validation": 150, "test": 150}


def test_a_choice_is_named_with_its_accuracy_and_its_share_of_the_best_networks_cost() -> None:
    verdict = {"choice": "small", "best": "large", "reason": "Because.", "networks": JUDGED}
    headline = comparison_headline(verdict, NETWORKS, IMAGES)
    assert headline.line == "small is enough."
    assert headline.reason == "Because."
    text = " ".join(headline.meaning).replace("\u00a0", " ")
    assert "On 1,234 test images that it had never seen, small is right in 90.0 % (95 % interval 85.0–92.0 %)" in text
    assert "most frequent class would get 25.0 %" in text
    assert "2 M multiply-adds an image, 5 % of those of large" in text


def test_the_dearest_network_as_the_choice_is_not_called_cheap() -> None:
    verdict = {"choice": "large", "best": "large", "networks": JUDGED}
    assert "the most of all that were compared" in comparison_headline(verdict, NETWORKS, IMAGES).meaning[-1]


def test_with_folds_no_image_is_called_a_validation_image() -> None:
    crossed = [replace(one, folds={"folds": 3, "repeats": 1}, judged_split="out-of-fold") for one in NETWORKS]
    verdicts = [
        {"choice": "small", "best": "large", "networks": JUDGED},
        {"choice": "small", "best": "small", "networks": JUDGED},
        {"choice": None, "best": "large", "networks": JUDGED, "images_needed": 600},
    ]
    for verdict in verdicts:
        headline = comparison_headline(verdict, crossed, {"train": 120})
        text = " ".join([headline.line, *headline.meaning])
        assert "accurate on the out-of-fold images" in text
        assert "validation" not in text
        assert "accurate on the validation images" in " ".join(comparison_headline(verdict, NETWORKS, IMAGES).meaning)


def test_the_only_judged_network_is_not_called_enough() -> None:
    verdict = {"choice": "small", "best": "small", "networks": JUDGED[:1]}
    assert comparison_headline(verdict, NETWORKS, IMAGES).line == "Only small was judged."


def test_undecided_says_how_many_images_it_takes_in_all() -> None:
    verdict = {"choice": None, "best": "large", "networks": JUDGED, "images_needed": 600}
    headline = comparison_headline(verdict, NETWORKS, IMAGES)
    assert headline.line == "Undecided: it takes about 600 validation images."
    assert "large is the safe choice" in headline.meaning[0]
    assert "That is not to say that none does" in headline.meaning[0]
    assert "about 4,000 images in all; there are 1,000" in headline.meaning[-1]


def test_undecided_without_a_number_of_images_promises_none() -> None:
    verdict = {"choice": None, "best": "small", "networks": JUDGED, "images_needed": None}
    headline = comparison_headline(verdict, NETWORKS, IMAGES)
    assert headline.line == "Undecided."
    assert "none is cheaper" in headline.meaning[0]
    assert "in all" not in " ".join(headline.meaning)


def test_nothing_judged_and_nothing_finished_are_two_things() -> None:
    assert comparison_headline({"choice": None, "best": None}, NETWORKS, {}).line == "No network could be judged."
    assert comparison_headline({}, NETWORKS, {}).line == "Not finished."


def test_a_run_without_metrics_is_not_finished() -> None:
    assert run_headline(Network("small", RunTables(data_root=Path("/data")))).line == "Not finished."
    assert run_headline(NETWORKS[1]).line == "95.0\u00a0% of the test images are named rightly."
