"""What a comparison shows on the terminal, and open answers on the command line."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from leadline.cli import DONE, SOME_UNREADABLE, show
from leadline.cli.comparison_tables import tables
from leadline.evaluation.records import CurvePoint, LearningCurve, PairTest, SeedSpread
from leadline.report.answer import answer_sentence
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON, ComparisonResult, NetworkResult, PairTests, Round
from leadline.results.run_metrics import LeftOut

from ..conftest import MakeImages
from ..report.conftest import MadeUp, made_up
from .test_command_line import leadline

CHEAP = MadeUp("lenet5", 0.97, bound=0.019)
DEAR = MadeUp("vgg_small", 0.98, seconds=0.02, multiply_adds=52_000_000, bound=0.004)
GONE = MadeUp("nin_small", 0.7)
FEW = "only 4 groups: with fewer than 30, intervals may be too narrow"


def warned(network: NetworkResult, *warnings: str) -> NetworkResult:
    measured = {split: msgspec.structs.replace(found, warnings=warnings) for split, found in network.metrics.items()}
    return msgspec.structs.replace(network, metrics=measured)


def with_heat(result: ComparisonResult) -> ComparisonResult:
    left = GONE.result(remarks=("left after the heat, 28 points behind",))
    return msgspec.structs.replace(
        result, rounds=(Round("heat", (CHEAP.result(), DEAR.result(), left)), *result.rounds)
    )


def texts(rows: list[list[str]]) -> list[list[str]]:
    return [[cell.replace("\u00a0", " ") for cell in row] for row in rows]


def test_the_final_has_cost_accuracy_bound_and_probability() -> None:
    (final,) = tables(made_up(CHEAP, DEAR))
    rows = {row[0]: dict(zip(final.columns, row, strict=True)) for row in texts(final.rows)}
    cheap, best = rows["lenet5"], rows["vgg_small"]
    assert (cheap["per image"], cheap["multiply-adds"], cheap["steps"]) == ("1 ms", "1 M", "500")
    assert cheap["out-of-fold (95 % interval)"] == "97.0 % (95.0–98.0 %)"
    assert cheap["points below the best"] == "1.0, at most 1.9"
    assert best["points below the best"] == "0.0, at most 0.4"
    assert cheap["P(less than 1)"] == "0.86"
    assert "test" not in final.columns
    assert "remark" not in final.columns


def test_the_heat_comes_before_the_final_and_keeps_its_remarks() -> None:
    heat, final = tables(with_heat(made_up(CHEAP, DEAR)))
    assert [row[0] for row in heat.rows] == ["lenet5", "vgg_small", "nin_small"]
    assert heat.rows[2][-1] == "left after the heat, 28 points behind"
    assert [row[0] for row in final.rows] == ["lenet5", "vgg_small"]


def test_a_failed_network_has_its_row_and_its_reason() -> None:
    failed = GONE.result(metrics={}, seconds_per_image=None, training_seconds=0.0, failed="the loss is infinite")
    result = made_up(CHEAP, DEAR)
    result = msgspec.structs.replace(result, rounds=(Round("final", (*result.rounds[0].networks, failed)),))
    (final,) = tables(result)
    assert final.rows[2][0] == "nin_small"
    assert final.rows[2][-1] == "failed: the loss is infinite"
    assert "–" in final.rows[2]


def test_a_single_network_stands_against_none() -> None:
    (final,) = tables(made_up(CHEAP))
    assert dict(zip(final.columns, final.rows[0], strict=True))["P(less than 1)"] == "–"


def test_before_there_is_an_answer_the_rounds_are_shown() -> None:
    (final,) = tables(made_up(CHEAP, DEAR, answer=None))
    assert [row[-2:] for row in final.rows] == [["–", "–"]] * 2
    assert tables(made_up(CHEAP, answer=None, rounds=())) == []


def test_the_baseline_few_groups_and_how_intervals_were_made_are_said_once() -> None:
    one, other = warned(CHEAP.result(), FEW, "so few mistakes (3)"), warned(DEAR.result(), FEW)
    (final,) = tables(made_up(CHEAP, DEAR, rounds=(Round("final", (one, other)),)))
    below = [line.replace("\u00a0", " ") for line in final.below]
    assert below == [
        "validation: 1,500 images, intervals Wilson; always the largest class 25.0 %", f"validation: {FEW}",
    ]  # fmt: skip


def test_balanced_accuracy_is_called_so() -> None:
    (final,) = tables(made_up(CHEAP, DEAR, criterion="balanced_accuracy"))
    assert "out-of-fold, balanced accuracy (95 % interval)" in final.columns
    assert "largest class" not in " ".join(final.below)


def test_seeds_show_both_reasons_for_another_accuracy() -> None:
    spread = SeedSpread(0.85, (0.8, 0.9), between_seeds=0.0707, between_images=None, n=100)
    _, seeds = tables(made_up(CHEAP, seed_spreads={"lenet5": {"validation": spread}, "vgg_small": {}}))
    assert texts(seeds.rows) == [["lenet5", "2", "85.0 %", "80.0 % to 90.0 %", "7.07 points", "not known"]]


def test_a_row_per_pair_with_its_corrected_chance() -> None:
    pair = PairTest(
        value=-0.012, low=-0.03, high=0.004, method="Tango", n=1500, only_first=4, only_second=1000, p_value=0.0004,
        first="a", second="b", p_value_holm=0.0012,
    )  # fmt: skip
    _, tests = tables(made_up(CHEAP, tests=PairTests(split="test", seed=0, pairs=(pair,))))
    assert tests.rows == [["a – b", "−1.2 (−3.0 to 0.4)", "4", "1,000", "< 0.001", "0.001"]]
    assert "test images" in tests.below[0]


def test_fewer_images_are_a_table_with_its_answer() -> None:
    points = tuple(CurvePoint(n, CHEAP.estimate, ()) for n in (500, 1000))
    curve = LearningCurve(answer="yes", reason="More images would help.", network="lenet5", points=points)
    _, fewer = tables(made_up(CHEAP, learning_curve=curve))
    assert [row[0] for row in fewer.rows] == ["500", "1,000"]
    assert fewer.below == ("More images would help.",)


def test_the_terminal_ends_with_the_answer_and_where_everything_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = with_heat(made_up(CHEAP, DEAR))
    finished = SimpleNamespace(folder=tmp_path, result=result)
    assert show.comparison(finished, json=False) == DONE  # type: ignore[arg-type]
    out = capsys.readouterr().out
    assert out.index("the heat") < out.index("the final") < out.index("Use lenet5 (likely).")
    assert answer_sentence(result, folder=tmp_path) in out
    assert f"leadline predict {tmp_path / 'lenet5'} images/" in out
    assert str(tmp_path / "report.html") in out


def test_json_is_what_comparison_json_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left_out = CHEAP.result(left_out=(LeftOut("a.png", "is truncated"),))
    result = made_up(CHEAP, rounds=(Round("final", (left_out,)),))
    json_files.write(tmp_path / COMPARISON, result)
    finished = SimpleNamespace(folder=tmp_path, result=result)
    assert show.comparison(finished, json=True) == SOME_UNREADABLE  # type: ignore[arg-type]
    assert json.loads(capsys.readouterr().out) == json.loads((tmp_path / "comparison.json").read_text("utf-8"))


def test_open_answers_from_the_command_line(make_images: MakeImages, tmp_path: Path) -> None:
    data, run, out = make_images(count=24), tmp_path / "run", tmp_path / "out.csv"
    done = leadline("train", data, "--model", "lenet5", "--epochs", "1", "--out", run)
    assert done.returncode == 0, done.stderr
    assert "probabilities at a temperature of" in done.stdout
    assert f"model card  {run / 'MODEL_CARD.md'}" in done.stdout

    done = leadline("predict", run, data / "dark", "--out", out, "--min-confidence", "1")
    assert done.returncode == 0, done.stderr
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    left_open = [row for row in rows if row["predicted"] == "uncertain"]
    assert all(float(row["p:dark"]) + float(row["p:light"]) > 0.99 for row in rows)
    assert done.stderr.strip() == f"{len(left_open)} of 24 answers are uncertain"

    done = leadline("evaluate", run, "--min-confidence", "0.5")
    assert done.returncode == 0, done.stderr
    assert "leaving answers below 0.5 open" in done.stdout
    assert "right among these" in done.stdout

    done = leadline("predict", run, data / "dark", "--min-confidence", "90")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "leadline: --min-confidence 90: is a probability, from 0 to 1"
