"""The model card: every figure is the run's own, every question of DOME is answered, nothing is left as None."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import polars as pl
import pytest

from leadline.data.audit import Problem
from leadline.errors import LeadlineError
from leadline.evaluation.metrics import measure
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import PairTest
from leadline.evaluation.seeds import seed_spread
from leadline.report import write_comparison_card, write_model_card, write_run_report
from leadline.report.citations import LITERATURE, References, papers_of
from leadline.report.facts import MEASURES, facts_of
from leadline.report.methods import run_methods
from leadline.results.comparison_result import Evidence, NetworkResult, PairTests
from leadline.results.json_files import read_comparison
from leadline.zoo.catalogue import BY_NAME, TABLE

from .conftest import write_check

# Walsh et al., Nature Methods 18, 2021, Box 1 and Supplementary Table 1.
DOME = [
    "Provenance", "Dataset splits", "Redundancy between data splits", "Availability of data",
    "Algorithm", "Meta-predictions", "Data encoding", "Parameters", "Features", "Fitting", "Regularization",
    "Availability of configuration",
    "Interpretability", "Output", "Execution time", "Availability of software",
    "Evaluation method", "Performance measures", "Comparison", "Confidence", "Availability of evaluation",
]  # fmt: skip


def text_of(card: Path) -> str:
    return card.read_text("utf-8").replace("\u00a0", " ")


def metrics_of(run: Path) -> dict:
    return json.loads((run / "metrics.json").read_text())


@pytest.fixture
def run(comparison: Path) -> Path:
    return comparison / "resnet20_cifar"


@pytest.fixture
def grouped(run: Path) -> Path:
    """The same run, its images given to twelve patients, none of whom is in two splits."""
    patients = pl.format("{}-{}", "split", pl.int_range(pl.len()) % 4)
    manifest = pl.read_parquet(run / "manifest.parquet").with_columns(group=patients)
    manifest.write_parquet(run / "manifest.parquet")
    table = Predictions.read(run / "predictions.parquet")
    named = table.table.join(manifest.select("path", "group"), on="path", how="left", maintain_order="left")
    predictions = Predictions(named, table.classes)
    predictions.write(run / "predictions.parquet")
    measured = {split: msgspec.to_builtins(measure(predictions.of_split(split))) for split in ("validation", "test")}
    (run / "metrics.json").write_text(json.dumps({**metrics_of(run), **measured}))
    recipe = (run / "recipe.toml").read_text().replace('group = ""', "group = '(C\\d+P\\d+\\w*)_`'")
    (run / "recipe.toml").write_text(recipe)
    return run


def test_every_question_of_dome_is_answered_in_its_order(run: Path) -> None:
    found = re.findall(r"^\*\*(.+?)\.\*\* \S", text_of(write_model_card(run)), re.MULTILINE)
    assert [name for name in found if name in DOME] == DOME


@pytest.mark.parametrize("split", ["test", "validation"])
def test_every_figure_of_the_card_is_that_of_metrics_json(run: Path, edit_json: Callable, split: str) -> None:
    if split == "validation":
        kept = {name: value for name, value in metrics_of(run).items() if name != "test"}
        (run / "metrics.json").write_text(json.dumps(kept))
    metrics, text = metrics_of(run), text_of(write_model_card(run))
    measured = metrics[split]
    for key, (name, digits) in MEASURES.items():
        value, low, high = (measured[key][bound] for bound in ("value", "low", "high"))
        if digits is None:
            expected = f"{100 * value:.1f} % ({100 * low:.1f}–{100 * high:.1f} %)"
        else:
            expected = f"{value:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"
        assert f"| {name} | {expected} |" in text
    for name, one in measured["per_class"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}` | ") and "(" in line)
        assert f"| {one['support']:,} |" in row
        assert f"{100 * one['recall']['value']:.1f} % ({100 * one['recall']['low']:.1f}" in row
        f1 = one["f1"]
        bounds = f"{f1['low']:.3f}–{f1['high']:.3f}" if f1["low"] is not None else "no interval"
        assert f"{f1['value']:.3f} ({bounds})" in row
    for key, before in metrics["calibration"][split]["before"].items():
        assert f"| {MEASURES[key][0]} | {before['value']:.3f} ({before['low']:.3f}" in text
    assert f"temperature of {metrics['calibration']['temperature']:.3g}" in text
    for point in measured["abstention"][:2]:
        accuracy = point["accuracy"]
        assert (
            f"| {100 * point['coverage']:.1f} % | {point['min_confidence']:.3f} | {100 * accuracy['value']:.1f}" in text
        )
    assert f"most frequent class: {100 * measured['majority_baseline']:.1f} %" in text
    assert ("There is no test split" in text) == (split == "validation")


def test_the_methods_paragraph_quotes_the_run(run: Path) -> None:
    metrics, paragraph = metrics_of(run), run_methods(facts_of(run)).paragraph.replace("\u00a0", " ")
    accuracy, calibration = metrics["test"]["accuracy"], metrics["calibration"]
    manifest = pl.read_parquet(run / "manifest.parquet").filter(error="")
    undecodable = Predictions.read(run / "predictions.parquet").table.filter(pl.col("error") != "")["path"][0]
    used = manifest.filter(pl.col("path") != undecodable)
    assert f"The data were {len(manifest) - 1} images in 10 classes" in paragraph
    for split, purpose in (("train", "training"), ("validation", "validation"), ("test", "testing")):
        assert f"{len(used.filter(split=split))} for {purpose}" in paragraph
    assert f"{metrics['validation']['accuracy']['n']} for validation" in paragraph
    assert (
        f"On the {accuracy['n']} test images, which were looked at once, its accuracy was "
        f"{100 * accuracy['value']:.1f} % (95 % interval {100 * accuracy['low']:.1f}–{100 * accuracy['high']:.1f} %)"
    ) in paragraph
    log_losses = [calibration["test"][when]["log_loss"]["value"] for when in ("before", "after")]
    assert f"of {calibration['temperature']:.3g}, fitted on" in paragraph
    assert "the log loss from {:.3f} to {:.3f}".format(*log_losses) in paragraph
    error = calibration["test"]["after"]["expected_calibration_error"]
    assert "to {value:.3f} ({low:.3f}–{high:.3f})".format(**error) in paragraph
    assert "DeLong’s on the logit scale" in paragraph
    # The truncated file of the manifest, and the image that could not be decoded later on.
    assert "2 further images were left out" in paragraph
    assert "clustered" not in paragraph
    assert " groups" not in paragraph


def test_where_no_temperature_helped_the_paragraph_says_so(run: Path, edit_json: Callable) -> None:
    calibration = {**metrics_of(run)["calibration"], "temperature": 1.0}
    edit_json(run / "metrics.json", calibration=calibration)
    paragraph = run_methods(facts_of(run)).paragraph
    assert f"no temperature made those of the {calibration['n']} validation images better" in paragraph
    assert "calibrated" not in paragraph
    card, page = text_of(write_model_card(run)), write_run_report(run).read_text("utf-8")
    assert "as the network states it; no temperature made those of the validation images better" in card
    assert "**Calibration.**" not in card
    assert "No temperature made the probabilities of the validation images better" in page
    assert "Measures of the probabilities before" not in page


def test_marks_count_up_and_each_has_its_line(run: Path, comparison: Path) -> None:
    for text in (text_of(write_model_card(run)), text_of(write_comparison_card(comparison))):
        _, _, part = text.partition("## Methods, to paste")
        marks = [int(number) for found in re.findall(r"\[([\d,]+)\]", part) for number in found.split(",")]
        lines = [int(number) for number in re.findall(r"^(\d+)\. ", part, re.MULTILINE)]
        assert list(dict.fromkeys(marks)) == lines == list(range(1, len(lines) + 1))
        assert "Deep residual learning" in part
        assert "Leadline 0.1.0" in part


def test_what_is_cited_again_keeps_its_number() -> None:
    references = References("1.2")
    assert [references.cite(*keys) for keys in (("VGG", "Wilson"), ("Leadline",), ("Wilson",), ("VGG", "VGG"))] == [
        "[1,2]", "[3]", "[2]", "[1]",
    ]  # fmt: skip
    assert [line.split()[0] for line in references.lines] == ["Simonyan", "Wilson", "The"]


def test_every_network_of_the_catalogue_has_its_paper() -> None:
    for row in TABLE:
        assert set(papers_of(row)) <= set(LITERATURE)
    assert papers_of(BY_NAME["vgg_small"]) == ("VGG", "batch normalisation")
    assert papers_of(BY_NAME["resnet50"]) == ("ResNet",)


def test_the_report_and_the_card_hold_the_same_paragraph(run: Path, read_page: Callable) -> None:
    paragraph = run_methods(facts_of(run)).paragraph
    assert " ".join(paragraph.split()) in read_page(write_run_report(run)).text
    assert paragraph in write_model_card(run).read_text("utf-8")


def test_a_card_of_a_run_with_groups_says_so(grouped: Path) -> None:
    text = text_of(write_model_card(grouped))
    assert "| groups | 4 | 4 | 4 | 12 |" in text
    assert (
        "Groups of images that belong together (named by `` (C\\d+P\\d+\\w*)_` ``) with images in more than one "
        "split: 0."
    ) in text
    assert "Wilson, clustered by 4 groups" in text
    assert "only 4 groups" in text
    assert "The intervals are of groups of images, for this trained network" in text
    assert "from 12 groups of images that belong together" in text
    assert "no group had images in two of these sets" in text
    assert "of proportions Wilson’s at the effective number of images of 4 groups [" in text
    assert "No groups were given" not in text


def test_out_of_fold_figures_are_not_said_to_be_of_test_images(run: Path) -> None:
    metrics = metrics_of(run)
    calibration = {
        "temperature": 1.2,
        "fitted_on": "out-of-fold",
        "n": 567,
        "out-of-fold": metrics["calibration"]["test"],
    }
    kept = {name: value for name, value in metrics.items() if name != "test"}
    (run / "metrics.json").write_text(json.dumps({**kept, "calibration": calibration, "looks_at_test": 0}))
    with (run / "recipe.toml").open("a") as recipe:
        recipe.write("folds = 5\n")
    manifest = pl.read_parquet(run / "manifest.parquet")
    together = pl.when(pl.col("error") == "").then(pl.lit("train")).alias("split")
    manifest.with_columns(together).write_parquet(run / "manifest.parquet")
    text, n = text_of(write_model_card(run)), metrics["validation"]["accuracy"]["n"]
    assert f"5-fold cross-validation: each of {n} images was judged by a network trained without it." in text
    assert "699 were for training in 5-fold cross-validation." in text
    assert f"On the {n} out-of-fold images, each judged by a network that was trained without it, its accuracy" in text
    assert "fitted on the 567 out-of-fold images; on the out-of-fold images it changed" in text
    assert "test images" not in text
    assert "The temperature was fitted on these very images, which flatters it." in text
    assert "for the networks of these folds" in text


def test_a_group_in_two_splits_is_not_kept_quiet(grouped: Path) -> None:
    manifest = pl.read_parquet(grouped / "manifest.parquet")
    moved = pl.when(pl.col("group") == "test-0").then(pl.lit("train-0")).otherwise("group").alias("group")
    manifest.with_columns(moved).write_parquet(grouped / "manifest.parquet")
    text = text_of(write_model_card(grouped))
    assert "with images in more than one split: 1." in text
    assert "1 group had images in two of these sets" in text
    assert "| groups | 4 | 4 | 4 | 11 |" in text


def test_copies_in_two_splits_are_counted(run: Path) -> None:
    manifest = pl.read_parquet(run / "manifest.parquet").with_columns(sha256=pl.col("path"))
    copied = {split: manifest.filter(split=split)["path"][0] for split in ("train", "test")}
    manifest = manifest.with_columns(sha256=pl.col("path").replace(copied["train"], copied["test"]))
    manifest.write_parquet(run / "manifest.parquet")
    assert "Images whose bytes occur in more than one split: 1." in text_of(write_model_card(run))


@pytest.mark.parametrize("where", ["the run", "the comparison above it"])
def test_near_copies_in_two_splits_are_counted_as_the_check_found_them(
    run: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Near copies were not looked for." in text_of(write_model_card(run))
    manifest = pl.read_parquet(run / "manifest.parquet").filter(error="")
    unused = list(Predictions.read(run / "predictions.parquet").table.filter(pl.col("error") != "")["path"])
    train, test = (manifest.filter(~pl.col("path").is_in(unused), split=split)["path"] for split in ("train", "test"))
    sets = [[train[0], test[0]], [train[1], train[2], test[1]], [train[3], train[4]], [train[5], unused[0]]]
    problems = [Problem("near_duplicates", "warning", tuple(paths), "alike") for paths in sets]
    problems.append(Problem("exact_duplicates", "warning", (train[6], test[6]), "equal"))
    folder = run if where == "the run" else run.parent
    write_check(folder, problems, images=len(manifest))
    text = text_of(write_model_card(run))
    assert "Sets of near copies with images in more than one split: 2 (" in text
    assert "not looked for" not in text
    monkeypatch.chdir(run)
    assert text_of(write_model_card(Path())) == text
    for damaged in ("{", '{"problems": [7]}'):
        (folder / "check.json").write_text(damaged)
        assert "Sets of near copies with images in more than one split: not known" in text_of(write_model_card(run))


@pytest.mark.parametrize(
    "missing",
    [
        "recipe.toml",
        "metrics.json",
        "history.csv",
        "manifest.parquet",
        "environment.json",
        "predictions.parquet",
        "all",
    ],
)
def test_no_field_is_left_as_none_whatever_is_missing(run: Path, missing: str) -> None:
    for file in [file for file in run.iterdir() if file.name == missing or missing == "all"]:
        file.unlink()
    text = text_of(write_model_card(run))
    assert not re.search(r"\b(None|nan|inf|NaN)\b(?!: its input| in the recipe| yet)", text)
    assert "–." not in text
    assert "not known" in text
    assert [name for name in re.findall(r"^\*\*(.+?)\.\*\* ", text, re.MULTILINE) if name in DOME[:16]] == DOME[:16]


def test_names_that_mean_something_in_markdown_stay_names(tmp_path: Path, comparison: Path) -> None:
    from .conftest import LENET, write_study

    classes = ("*bold*", "a|b", "`tick`", "<b>x</b>", "# head", "line\nbreak", "7", "8", "9", "0")
    folder = write_study(tmp_path / "odd", standins=(LENET,), classes=classes)
    text = text_of(write_model_card(folder / "lenet5"))
    tables = [line for line in text.splitlines() if line.startswith("|")]
    widths = {line.count("|") - line.count("\\|") for line in tables}
    assert widths <= {3, 4, 5, 6}, "a name broke a table"
    assert "| `a\\|b` |" in text
    assert "| `` `tick` `` |" in text
    assert "\\*bold\\*: " in text, "in the paragraph"
    assert "\\<b>x\\</b>: " in text
    assert not re.search(r"^#+ head", text, re.MULTILINE)


def test_a_comparison_card_has_its_candidates_margin_and_answer(comparison: Path) -> None:
    result, text = read_comparison(comparison), text_of(write_comparison_card(comparison))
    assert text.startswith("# Comparison card: 4 networks on digits\n")
    assert f"**Use {result.answer.name} (likely).**" in text
    assert "less than 2 percentage points" in text
    for network in result.final.networks:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{network.name}` |"))
        for split in ("validation", "test"):
            accuracy = msgspec.to_builtins(network.metrics[split].accuracy)
            assert (
                f"{100 * accuracy['value']:.1f} % ({100 * accuracy['low']:.1f}–{100 * accuracy['high']:.1f} %)" in row
            )
        standing = next(one for one in result.answer.networks if one.name == network.name)
        assert (
            f"{100 * standing.loss:.2f}, at most {100 * standing.loss_bound:.2f} | {standing.probability:.2f} |" in row
        )
    assert "assumed to vary by 0.5 points" in text
    assert "McNemar" not in text
    assert not re.search(r"\b(None|nan)\b", text)


def test_who_left_after_the_heat_has_a_table_of_its_own(comparison: Path) -> None:
    result, text = read_comparison(comparison), text_of(write_comparison_card(comparison))
    heat = {one.name: one.metrics["validation"].accuracy.value for one in result.heat.networks}
    behind = max(heat.values()) - heat["alexnet_small"]
    rows = text.split("## Left after the heat")[1].split("##")[0].splitlines()
    rows = [line for line in rows if line.startswith("| `")]
    assert rows == [f"| `alexnet_small` | 100 | {100 * heat['alexnet_small']:.1f} % | {100 * behind:.1f} |"]
    methods = text.split("## Methods, to paste")[1]
    assert "all 4 networks had an equal share of the time" in methods
    assert "final: 3 networks" in methods
    assert "alexnet_small [" in methods, "with its paper"


def test_a_comparison_without_a_heat_tells_of_no_rounds(comparison: Path, edit_comparison: Callable) -> None:
    edit_comparison(comparison, rounds=(read_comparison(comparison).final,), gain=None)
    text = text_of(write_comparison_card(comparison))
    assert "heat" not in text
    assert "rounds" not in text
    assert text.startswith("# Comparison card: 3 networks on digits\n")


def test_a_comparison_with_folds_calls_no_image_a_validation_or_test_image(
    comparison: Path, edit_comparison: Callable
) -> None:
    for network in read_comparison(comparison).final.networks:
        run = comparison / network.run
        kept = {name: value for name, value in metrics_of(run).items() if name not in ("test", "calibration")}
        crossing = {"folds": 3, "repeats": 2, "images": 143, "accuracy_of_folds": []}
        (run / "metrics.json").write_text(json.dumps({**kept, "folds": crossing}))
        with (run / "recipe.toml").open("a") as recipe:
            recipe.write("folds = 3\n")
        manifest = pl.read_parquet(run / "manifest.parquet")
        together = pl.when(pl.col("error") == "").then(pl.lit("train")).alias("split")
        manifest.with_columns(together).write_parquet(run / "manifest.parquet")

    def crossed(network: NetworkResult) -> NetworkResult:
        return msgspec.structs.replace(network, metrics={"out-of-fold": network.metrics["validation"]})

    rounds = (read_comparison(comparison).final,)
    evidence = Evidence("folds", 143, 0, None, 3)
    edit_comparison(comparison, rounds=rounds, final=crossed, evidence=evidence, images={"train": 699}, gain=None)
    text = text_of(write_comparison_card(comparison))
    assert "accuracy on the 143 out-of-fold images" in text.replace("by their accuracy", "accuracy")
    assert "143 images, each judged by a network that had not seen it" in text
    assert "| out-of-fold accuracy | points below the best | probability of less than 2 |\n" in text, (
        "and no test split"
    )
    assert "validation" not in text.replace("cross-validation", "")
    assert "test accuracy" not in text


def test_balanced_accuracy_is_called_so_wherever_it_is_the_criterion(
    comparison: Path, edit_comparison: Callable
) -> None:
    edit_comparison(comparison, criterion="balanced_accuracy")
    text = text_of(write_comparison_card(comparison))
    assert "| validation balanced accuracy |" in text
    assert "by their balanced accuracy" in text
    assert "Balanced accuracy is the mean, over the classes" in text


def test_several_seeds_and_tests_have_their_tables(comparison: Path, edit_comparison: Callable) -> None:
    tables = [
        Predictions.read(comparison / name / "predictions.parquet").of_split("test")
        for name in ("lenet5", "resnet20_cifar")
    ]
    spread = seed_spread(tables)
    pair = PairTest(**{
        "first": "lenet5", "second": "resnet20_cifar", "value": -0.0523, "low": -0.091, "high": -0.014, "n": 140,
        "method": "Tango", "only_first": 3, "only_second": 12, "p_value": 0.0351, "p_value_holm": 0.0702,
    })  # fmt: skip
    tests = PairTests(split="test", seed=0, pairs=(pair,))
    names = ("lenet5", "resnet20_cifar", "resnext_small")
    edit_comparison(
        comparison, seed_spreads={name: {"validation": spread, "test": spread} for name in names}, tests=tests
    )
    text = text_of(write_comparison_card(comparison))
    spreads = f"| {100 * spread.between_seeds:.2f} | {100 * spread.between_images:.2f} |"
    assert sum(spreads in line for line in text.splitlines()) == 2 * len(names)
    assert "| −5.2 (−9.1 to −1.4) | 3 – 12 | 0.035 | 0.070 |" in text
    assert "p < 0.05 for 0 of 1 pairs; the answer does not rest on it" in text
    assert f"standard deviation of {100 * spread.between_seeds:.2f} percentage points" in text


def test_an_unfinished_comparison_has_a_card_that_says_so(comparison: Path, edit_comparison: Callable) -> None:
    edit_comparison(comparison, answer=None, evidence=None, gain=None)
    shutil.rmtree(comparison / "lenet5")
    text = text_of(write_comparison_card(comparison))
    assert "**No answer yet" in text
    assert "There is no answer yet." in text
    assert "**Use " not in text


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LeadlineError, match="no such run folder"):
        write_model_card(tmp_path / "absent")
    with pytest.raises(LeadlineError, match=r"comparison.json: no such file"):
        write_comparison_card(tmp_path)
