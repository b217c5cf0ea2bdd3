"""The answer in words: every fact that comparison.json has, and none that it has not."""

from pathlib import Path

import msgspec
import pytest

from leadline.evaluation.records import SplitMetrics
from leadline.report.answer import answer_sentence, answer_words, predict_command
from leadline.results.comparison_result import ComparisonResult, Evidence, LongerTraining, Round

from .conftest import MadeUp, made_up

CHEAP = MadeUp("lenet5", 0.986, seconds=2e-4, multiply_adds=400_000, bound=0.019)
DEAR = MadeUp("vgg_small", 0.991, seconds=2.4e-3, multiply_adds=52_000_000, bound=0.008)
GONE = MadeUp("nin_small", 0.76)


def with_heat(result: ComparisonResult, *left: MadeUp) -> ComparisonResult:
    heat = [*(result.final.networks if result.final else ()), *(one.result() for one in left)]
    return msgspec.structs.replace(result, rounds=(Round("heat", tuple(heat), seconds=180.0), *result.rounds))


def test_a_name_its_certainty_and_what_it_costs_beside_the_best() -> None:
    text = answer_sentence(made_up(CHEAP, DEAR))
    assert text.startswith("Use lenet5 (likely).")
    assert "98.6 %" in text
    assert "1,500 images, each judged by a network that had not seen it" in text
    assert "1/12 of the time and 1/130 of the multiply-adds of vgg_small, the most accurate (99.1 %)" in text
    assert "less than 1 percentage point below the best: 0.86" in text
    assert "at most 1.9 points" in text
    assert "Cannot be told from the best: vgg_small." in text
    assert "10 minutes" in text


@pytest.mark.parametrize("certainty", ["shown", "likely", "best guess"])
def test_each_certainty_is_called_by_its_name(certainty: str) -> None:
    assert answer_sentence(made_up(CHEAP, DEAR, certainty=certainty)).startswith(f"Use lenet5 ({certainty}).")


def test_the_most_accurate_is_not_compared_with_itself() -> None:
    text = answer_sentence(made_up(CHEAP, DEAR, named="vgg_small"))
    assert "No network was more accurate" in text
    assert "of vgg_small, the most accurate" not in text
    assert "Cannot be told from the best" not in text, "there is none besides itself"
    assert "2.4 ms and 52 M multiply-adds" in text


def test_a_single_network_is_compared_with_none() -> None:
    text = answer_sentence(made_up(CHEAP, certainty="shown"))
    assert "the only network that was judged" in text
    assert "98.6 %" in text
    assert "only network of the final" in answer_sentence(with_heat(made_up(CHEAP), GONE))
    for word in ("shown", "below the best", "Probability", "No network", "varies"):
        assert word not in text


def test_validation_images_are_not_said_to_be_judged_by_folds() -> None:
    evidence = Evidence("validation", 269, 2, 12, 1, folds_would_take=11.6)
    text = answer_sentence(made_up(CHEAP, DEAR, evidence=evidence))
    assert "269 validation images of 12 groups" in text
    assert "had not seen it" not in text
    assert "classifier" not in text
    assert "2 images that not every network could judge are left out" in text
    assert "about 12 minutes" in text


def test_balanced_accuracy_is_called_so_and_explained() -> None:
    text = answer_sentence(made_up(CHEAP, DEAR, criterion="balanced_accuracy"))
    assert "Balanced accuracy 98.6 %" in text
    assert "each class counts the same" in text
    assert "Right in" not in text
    assert "alanced" not in answer_sentence(made_up(CHEAP, DEAR))


def test_who_left_after_the_heat_is_behind_and_not_worse() -> None:
    result = with_heat(made_up(CHEAP, DEAR), GONE)
    line = next(line for line in answer_sentence(result).splitlines() if "heat" in line)
    assert "nin_small (23 points behind)" in line
    assert "does not show that they are worse" in line
    assert "vgg_small" not in line
    ruled_out = next((line for line in answer_sentence(result).splitlines() if line.startswith("Ruled out")), "")
    assert "nin_small" not in ruled_out


def test_the_ruled_out_are_shown_to_be_less_accurate() -> None:
    answer = msgspec.structs.replace(made_up(CHEAP, DEAR, GONE).answer, ruled_out=("nin_small",))
    assert "less accurate than the best: nin_small." in answer_sentence(made_up(CHEAP, DEAR, GONE, answer=answer))


def test_failed_networks_are_told_with_their_reason_and_did_not_leave() -> None:
    failed = GONE.result(metrics={}, failed="the loss is no longer a finite number")
    result = made_up(CHEAP, DEAR)
    result = msgspec.structs.replace(
        result, rounds=(Round("heat", (*result.rounds[0].networks, failed)), *result.rounds)
    )
    text = answer_sentence(result)
    assert "nin_small could not be trained: the loss is no longer a finite number." in text
    assert "Left after the heat" not in text


@pytest.mark.parametrize(
    ("low", "high", "told"), [(0.019, 0.063, "may help"), (-0.004, 0.006, "hardly helps"), (-0.01, 0.05, "cannot be")]
)
def test_the_gain_of_longer_training_and_what_it_means(low: float, high: float, told: str) -> None:
    gain = LongerTraining("lenet5", 2.3, 0.041, low, high)
    line = next(line for line in answer_sentence(made_up(CHEAP, DEAR, gain=gain)).splitlines() if "2.3 times" in line)
    assert "gained lenet5 4.1 points" in line
    assert told in line
    assert f"{100 * high:.1f})" in line


def test_the_test_images_report_or_the_flattery_is_told() -> None:
    flattered = answer_sentence(made_up(CHEAP, DEAR, flattery=0.014))
    assert "no test images" in flattered
    assert "1.4 points better than it is" in flattered
    result = made_up(CHEAP, DEAR, flattery=0.014)
    tested = CHEAP.result(
        metrics={**CHEAP.result().metrics, "test": SplitMetrics(accuracy=msgspec.structs.replace(DEAR.estimate, n=269))}
    )
    reported = answer_sentence(msgspec.structs.replace(result, rounds=(Round("final", (tested, DEAR.result())),)))
    assert "269 test images" in reported
    assert "99.1 % right" in reported
    assert "better than it is" not in reported


def test_the_spread_of_trainings_is_said_to_be_assumed_or_measured() -> None:
    result = made_up(CHEAP, DEAR)
    assert "0.4 points (standard deviation, from 5 trainings of each network)" in answer_sentence(result)
    answer = msgspec.structs.replace(result.answer, spread=0.005, spread_assumed=True)
    assumed = answer_sentence(msgspec.structs.replace(result, answer=answer))
    assert "assumed to vary by 0.5 points" in assumed
    assert "from 5 trainings" not in assumed


def test_nothing_is_certain_or_impossible() -> None:
    for probability, told in ((1.0, "> 0.99"), (0.0, "< 0.01")):
        answer = msgspec.structs.replace(made_up(CHEAP, DEAR).answer, probability=probability)
        assert f"best: {told}." in answer_sentence(made_up(CHEAP, DEAR, answer=answer))


def test_commands_are_ready_to_copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result, folder = (
        made_up(CHEAP, DEAR, hint="Few images: leadline compare digits --weights imagenet"),
        tmp_path / "a b",
    )
    monkeypatch.chdir(tmp_path)
    lines = answer_words(result, folder=folder).next
    assert "More minutes: leadline compare --resume 'a b' --minutes 20" in lines
    assert "Few images: leadline compare digits --weights imagenet" in lines
    assert predict_command(result, folder).startswith("leadline predict 'a b/lenet5' images/")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert f"'{folder}'" in answer_sentence(result, folder=folder)


def test_equal_epochs_are_told_instead_of_minutes() -> None:
    text = answer_sentence(made_up(CHEAP, DEAR, minutes=None, seconds=300.0))
    assert "10 epochs" in text
    assert "--minutes" not in text  # there is no longer final after equal epochs


def test_an_unfinished_comparison_has_no_answer_and_says_how_to_go_on() -> None:
    heat = Round("heat", (CHEAP.result(), DEAR.result(), GONE.result(metrics={})))
    text = answer_sentence(made_up(CHEAP, DEAR, answer=None, evidence=None, rounds=(heat,)), folder="runs/first")
    assert text.startswith("No answer yet")
    assert "2 networks of the heat are trained so far" in text
    assert "leadline compare --resume runs/first" in text
    assert "Use " not in text
    assert "Left after" not in text
    assert answer_sentence(made_up(CHEAP, answer=None, rounds=())).startswith("No answer yet")


def test_names_are_kept_as_they_are() -> None:
    assert "<b>net</b> & co" in answer_sentence(made_up(MadeUp("<b>net</b> & co"), DEAR))
