"""All networks and seeds of a comparison share one test split, so a look by way of any of them is a look at it."""

import json
from pathlib import Path

import pytest

from leadline.training.watch import Watch
from leadline.verbs.compare import Comparison, compare
from leadline.verbs.evaluate import evaluate
from leadline.verbs.run import Run

from ..conftest import MakeImages


class Notes(Watch):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def compared(make_images: MakeImages, tmp_path: Path) -> Comparison:
    return compare(make_images(), models=["lenet5", "alexnet_small"], seeds=2, out=tmp_path / "out", epochs=1)


def test_evaluating_any_run_counts_in_the_comparison_and_its_report_and_card(
    compared: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compared.result["looks_at_test"] == 1
    assert "**Looks at the test images.** 1;" in (compared.folder / "MODEL_CARD.md").read_text("utf-8")
    runs = ["lenet5-seed0", "alexnet_small-seed0", "lenet5-seed1", "lenet5-seed0"]
    for looks, name in enumerate(runs, start=2):
        before, watch = compared.result, Notes()
        monkeypatch.chdir(compared.folder / name)
        evaluate(".", watch=watch)
        assert compared.result == {**before, "looks_at_test": looks}
        assert watch.notes[-1] == f"look number {looks} at the test split of all networks in out"
        card = (compared.folder / "MODEL_CARD.md").read_text("utf-8")
        assert f"**Looks at the test images.** {looks}, {looks - 1} of them" in card
        page = (compared.folder / "report.html").read_text("utf-8")
        assert f"<dt>looks at the test images</dt><dd>{looks}</dd>" in page
    assert Run(compared.folder / "lenet5-seed0").metrics["looks_at_test"] == 3


def test_a_comparison_that_is_not_finished_or_damaged_or_another_ones_is_left_alone(
    compared: Comparison, tmp_path: Path
) -> None:
    file, run = compared.folder / "comparison.json", compared.folder / "lenet5-seed0"
    unfinished, others = {**compared.result, "verdict": None}, {**compared.result, "networks": []}
    for content in (json.dumps(unfinished), json.dumps(others), "{"):
        file.write_text(content)
        watch = Notes()
        found = evaluate(run, watch=watch)
        assert found.metrics["accuracy"]["n"] > 0
        assert file.read_text() == content
        assert not any("of all networks" in note for note in watch.notes)
    assert "comparison.json: is damaged" in watch.notes[-1]
