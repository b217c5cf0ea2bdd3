"""How often the test images of a comparison were looked at: they are the same for all of its networks and seeds."""

from pathlib import Path
from typing import Any

from leadline.report.tables import read_json


def looks_at_test(folder: Path, comparison: dict[str, Any]) -> int | None:
    """One when the comparison ended, and one for each later `evaluate`, which counts in its own run's metrics.json.

    `comparison` is what `folder`/comparison.json holds; 0 where there are no test images, None where nothing is known.
    """
    runs = [name for one in comparison.get("networks") or () for name in one.get("runs") or [one.get("run") or ""]]
    own = [count for name in runs if (count := _own(folder / name))]
    told = comparison.get("looks_at_test")  # not less, also where a run has been taken away since
    return max(1 + sum(count - 1 for count in own), told or 0) if own else told


def _own(run: Path) -> int:
    try:
        return int(read_json(run / "metrics.json").get("looks_at_test") or 0)
    except (OSError, ValueError, TypeError):
        return 0
