"""All networks and seeds of a comparison share one test split, so a look by way of any of them is a look at it."""

from pathlib import Path

import msgspec
import pytest

from leadline.errors import LeadlineError
from leadline.progress import Progress
from leadline.training.run_folder import Run
from leadline.verbs.compare import Comparison, compare
from leadline.verbs.evaluate import evaluate

from ..conftest import MakeImages


class Notes(Progress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def compared(make_images: MakeImages, tmp_path: Path) -> Comparison:
    return compare(make_images(), models=["lenet5", "alexnet_small"], out=tmp_path / "out", epochs=1)


def test_evaluating_the_named_run_counts_in_the_comparison_and_its_report_and_card(
    compared: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compared.result.looks_at_test == 1
    assert "**Looks at the test images.** 1;" in (compared.folder / "MODEL_CARD.md").read_text("utf-8")
    run = compared.choice
    for looks in (2, 3):
        before, progress = compared.result, Notes()
        monkeypatch.chdir(run.folder)
        evaluate(".", progress=progress)
        assert compared.result == msgspec.structs.replace(before, looks_at_test=looks)
        assert progress.notes[-1] == f"look number {looks} at the test split of all networks in out"
        card = (compared.folder / "MODEL_CARD.md").read_text("utf-8")
        assert f"**Looks at the test images.** {looks}, {looks - 1} of them" in card
        page = (compared.folder / "report.html").read_text("utf-8")
        assert f"<dt>looks at the test images</dt><dd>{looks}</dd>" in page
    assert run.metrics.looks_at_test == 3


def test_nobody_has_looked_at_the_test_images_for_the_other_networks(compared: Comparison) -> None:
    assert compared.result.final is not None
    for network in compared.result.final.networks:
        run = Run(compared.folder / network.run)
        if run.folder != compared.choice.folder:
            with pytest.raises(LeadlineError, match="has no test split"):
                evaluate(run.folder)


def test_a_comparison_that_is_not_finished_or_damaged_or_another_ones_is_left_alone(compared: Comparison) -> None:
    file, run = compared.folder / "comparison.json", compared.choice.folder
    unfinished = msgspec.structs.replace(compared.result, answer=None)
    others = msgspec.structs.replace(compared.result, rounds=())
    for content in (msgspec.json.encode(unfinished), msgspec.json.encode(others), b"{"):
        file.write_bytes(content)
        progress = Notes()
        found = evaluate(run, progress=progress)
        assert found.metrics.accuracy.n > 0
        assert file.read_bytes() == content
        assert not any("of all networks" in note for note in progress.notes)
    assert "comparison.json: is damaged" in progress.notes[-1]
