"""Names are data: whatever a class, a file or a network is called, it is shown, and never obeyed."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl

from leadline.report import write_comparison_report, write_run_report

NAMES = {
    "0": "<script>alert(1)</script>",
    "1": '"><img src="x" onerror="alert(1)"/>',
    "2": "salt & pepper",
    "3": "$\\frac{1}{2}$",
    "4": "{{ 7 * 7 }}",
    "5": "Zürich 細胞",
}


def rename_classes(run: Path) -> None:
    """Give the digits these names in every table of a run."""
    table = pl.read_parquet(run / "predictions.parquet")
    table = table.with_columns(
        pl.col("label", "predicted").replace(NAMES), path=pl.col("path").str.replace("class-0", "<b>class</b>-0")
    )
    table.rename({f"p:{old}": f"p:{new}" for old, new in NAMES.items()}).write_parquet(run / "predictions.parquet")
    metrics = json.loads((run / "metrics.json").read_text())
    for split in ("validation", "test"):
        found = metrics[split]
        found["classes"] = [NAMES.get(name, name) for name in found["classes"]]
        found["per_class"] = {NAMES.get(name, name): of_class for name, of_class in found["per_class"].items()}
        found["warnings"] = ["no image of <i>any</i> class"]
    metrics["left_out"] = [{"path": "<u>odd</u>.png", "error": "begins with <svg onload=alert(1)>"}]
    (run / "metrics.json").write_text(json.dumps(metrics))


def test_names_of_classes_and_files_are_shown_as_they_are(comparison: Path, read_page: Callable) -> None:
    run = comparison / "lenet5"
    rename_classes(run)
    page = read_page(write_run_report(run))
    for name in NAMES.values():
        assert name in page.text
    for text in ("<b>class</b>-0", "<u>odd</u>.png", "begins with <svg onload=alert(1)>", "no image of <i>any</i>"):
        assert text in page.text
    assert all(element.tag not in {"script", "u"} for element in page.root.iter())
    assert not any(name.startswith("on") for element in page.root.iter() for name in element.attrib)


def test_a_name_with_dollar_signs_is_no_formula(comparison: Path, read_page: Callable, edit_json: Callable) -> None:
    found = json.loads((comparison / "comparison.json").read_text())
    odd = "<$x^2$ & net>"
    text = json.dumps(found).replace("resnet20_cifar", odd).replace(f'"run": "{odd}"', '"run": "resnet20_cifar"')
    (comparison / "comparison.json").write_text(text)
    page = read_page(write_comparison_report(comparison))
    drawn = ["".join(text.itertext()) for figure in page.root.iter("svg") for text in figure.iter("text")]
    assert drawn.count(odd) == 2, "in both figures that name networks"
