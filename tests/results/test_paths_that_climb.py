"""comparison.json names the folders where trainings are written and removed: none outside the comparison's own."""

import json
from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON, ComparisonResult, Entrant, NetworkResult, RateTried, Round

CLIMBING = ("..", "../x", "a/../../x", "/x", "a/..", "..\\x", "C:\\x", "\\\\host\\x")
STAYING = ("", "heat/lenet5", "a..b/c", "..a", "final/lenet5-rate0.1", "heat/hf:owner/name", "Zürich")


def comparison(folder: Path, place: tuple[str | int, ...], name: str) -> Path:
    """A comparison's folder in whose file `name` stands at `place`."""
    network = NetworkResult(
        name="n", family="f", year=1998, depth=5, deviates="", parameters=1, multiply_adds=1, size=32, steps=1,
        epochs=1.0, learning_rate=0.1, batch_size=2, run="r", runs=("r",), rates_tried=(RateTried(0.1, "r"),),
    )  # fmt: skip
    part = Round("heat", networks=(network,), entrants=(Entrant("n", "lenet5"),), folder="heat")
    result = ComparisonResult(data="d", command="c", created="2026-01-01", margin=0.01, rounds=(part,))
    file = folder / COMPARISON
    json_files.write(file, result)
    content = found = json.loads(file.read_text())
    for key in ("rounds", 0, *place[:-1]):
        found = found[key]
    found[place[-1]] = name
    file.write_text(json.dumps(content))
    return folder


PLACES: tuple[tuple[str | int, ...], ...] = (
    ("folder",), ("networks", 0, "run"), ("networks", 0, "runs", 0), ("networks", 0, "rates_tried", 0, "run"),
    ("entrants", 0, "name"),
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES, ids=lambda place: str(place[-1]))
def test_a_name_that_climbs_out_is_refused(tmp_path: Path, place: tuple[str | int, ...]) -> None:
    for name in CLIMBING:
        with pytest.raises(LeadlineError, match=r"comparison\.json: is damaged"):
            json_files.read_comparison(comparison(tmp_path, place, name))
    for name in STAYING:
        json_files.read_comparison(comparison(tmp_path, place, name))
