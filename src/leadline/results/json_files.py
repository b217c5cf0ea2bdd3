"""The JSON files of runs, comparisons and checks: read and written here alone."""

import json
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec

from leadline.data.audit import Audit
from leadline.data.sources.walking import shown
from leadline.errors import LeadlineError
from leadline.results.comparison_result import COMPARISON, COMPARISON_SCHEMA, ComparisonResult
from leadline.results.lab_result import LEDGER_SCHEMA, ExperimentResult, Ledger, TrainingRecord
from leadline.results.map_check import MAP_CHECK_SCHEMA, MapCheck
from leadline.results.run_metrics import METRICS_SCHEMA, Environment, EvaluationMetrics, RunMetrics
from leadline.wording import visible_json
from leadline.writing import in_one_piece

Result: TypeAlias = (
    RunMetrics
    | EvaluationMetrics
    | ComparisonResult
    | Environment
    | Audit
    | MapCheck
    | TrainingRecord
    | ExperimentResult
    | Ledger
)
T = TypeVar("T", bound=Result)
SCHEMAS: dict[type, int] = {
    RunMetrics: METRICS_SCHEMA,
    ComparisonResult: COMPARISON_SCHEMA,
    MapCheck: MAP_CHECK_SCHEMA,
    Ledger: LEDGER_SCHEMA,
}
CHECK = "check.json"


def read_comparison(folder: Path) -> ComparisonResult:
    """Raises LeadlineError where `folder` holds no comparison.json, a damaged one, or one of an older Leadline."""
    file = folder / COMPARISON
    if not file.is_file():
        raise LeadlineError(f"{file}: no such file, so there is no comparison")
    if b'"verdict"' in (text := file.read_bytes()) and b'"rounds"' not in text:
        raise LeadlineError(f"{file}: was written by an older Leadline (schema 1); compare again")
    return read(file, ComparisonResult)


def read(file: Path, kind: type[T]) -> T:
    """The `kind` of result that `file` holds. LeadlineError where it is damaged, or of a schema that is not read."""
    try:
        result = msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        raise LeadlineError(f"{file}: no such file") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LeadlineError(
            f"{file}: is damaged ({error}); put a copy of it back, or train again into a new folder"
        ) from error
    expected = SCHEMAS.get(kind)
    schema = getattr(result, "schema", None)
    if schema != expected:
        raise LeadlineError(f"{file}: has schema {schema}, and this Leadline reads schema {expected}")
    return result


def write(file: Path, result: Result) -> None:
    """Write it as JSON in one piece, or not at all."""
    # A byte of a file's name that is no UTF-8 becomes \\udce4, which is how JSON has it, too.
    indent = None if isinstance(result, Ledger) else 2  # a ledger has thousands of points
    text = visible_json(json.dumps(as_builtins(result), indent=indent, ensure_ascii=False, allow_nan=False))
    with in_one_piece(file) as temporary:
        temporary.write_text(shown(text) + "\n", "utf-8")


def as_builtins(result: Result) -> dict[str, Any]:
    """What the file holds, as dictionaries and lists."""
    content: dict[str, Any] = msgspec.to_builtins(result)
    return _without_absent(content) if isinstance(result, RunMetrics | EvaluationMetrics) else content


def _without_absent(metrics: dict[str, Any]) -> dict[str, Any]:
    """metrics.json without the keys that do not apply, such as "top5" of four classes."""
    kept = {name: value for name, value in metrics.items() if value is not None or name == "peak_memory_bytes"}
    for name in ("validation", "test", "calibration"):
        if name in kept:
            kept[name] = _without_absent(kept[name])
    return kept
