"""Both pages: what they show, that they are well formed, load nothing, and can be read without seeing."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from leadline.evaluation.records import SeedSpread
from leadline.report import write_comparison_card, write_comparison_report, write_run_report
from leadline.report.answer import answer_words, predict_command
from leadline.report.looks import looks_at_test
from leadline.results.comparison_result import Evidence, NetworkResult, Round
from leadline.results.json_files import read_comparison

FIRST = ["What to do next", "What this answer rests on", "The final", "The heat", "Accuracy against multiply-adds"]
SECTIONS = [
    "Learning curves",
    "Confusion matrix", "Class by class", "Can its probabilities be believed?",
    "What if it may leave answers open?", "The most confident mistakes", "Labels to look at again",
    "Images that could not be used", "Every measure", "How it was done", "Methods, to paste",
]  # fmt: skip


@pytest.fixture(scope="module", params=["comparison", "run", "many classes"])
def page(
    request: pytest.FixtureRequest, finished: Path, of_many_classes: Path, tmp_path_factory: pytest.TempPathFactory,
    read_page: Callable,
):  # fmt: skip
    """Each kind of page, parsed; ElementTree refuses what is not well formed."""
    original = of_many_classes if request.param == "many classes" else finished
    folder = shutil.copytree(original, tmp_path_factory.mktemp("page") / "compared")
    if request.param == "run":
        return read_page(write_run_report(folder / "resnet20_cifar"))
    return read_page(write_comparison_report(folder))


def test_a_page_loads_nothing_from_anywhere(page) -> None:
    for element in page.root.iter():
        assert element.tag not in {"script", "link", "iframe", "object", "embed", "audio", "video", "base"}
        for name, value in element.attrib.items():
            if name in {"src", "href", "srcset", "action", "poster"}:
                assert value.startswith(("data:image/", "#")), f"<{element.tag} {name}={value}>"
    assert set(re.findall(r"url\((.)", page.source)) <= {"#"}
    assert "@import" not in page.source
    assert "://" not in page.source
    policy = next(meta for meta in page.root.iter("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy.get("content", "").startswith("default-src 'none';")


def test_every_figure_has_a_text_alternative(page) -> None:
    figures = list(page.root.iter("svg"))
    assert figures
    for figure in figures:
        assert figure.get("role") == "img"
        assert len(figure.get("aria-label", "")) > 40
    assert all(image.get("alt") for image in page.root.iter("img"))


def test_what_figures_refer_to_is_there_once(page) -> None:
    names = [element.get("id") for element in page.root.iter() if element.get("id")]
    assert len(names) == len(set(names))
    referred = set(re.findall(r"url\(#([^)]+)\)", page.source)) | set(re.findall(r'href="#([^"]+)"', page.source))
    assert referred
    assert referred == set(names)


def test_figures_take_their_colours_and_letters_from_the_page(page) -> None:
    for figure in page.root.iter("svg"):
        styles = " ".join(element.get("style", "") for element in figure.iter())
        assert "font-family" not in styles
        # White is what matplotlib paints when nobody asked it to.
        assert set(re.findall(r"#[0-9a-f]{3,6}\b", styles)) == set(), "a colour that no theme can change"
        assert figure.find(".//style") is None, "a style sheet inside a figure rules the whole page"


def test_a_comparison_shows_everything_in_its_order(comparison: Path, read_page: Callable) -> None:
    assert read_page(write_comparison_report(comparison)).headings == FIRST + SECTIONS


def test_a_run_shows_everything_but_the_comparison(comparison: Path, read_page: Callable) -> None:
    page = read_page(write_run_report(comparison / "lenet5"))
    assert page.headings == SECTIONS
    assert page.root.find("body//h1").text == "lenet5 on digits"
    assert [figure.get("aria-label", "")[:8] for figure in page.root.iter("svg")][:2] == ["Accuracy", "Loss of "]


def cells(row: ElementTree.Element) -> str:
    return " ".join("".join(row.itertext()).split())


def test_the_first_screen_has_the_answer_the_chart_and_what_to_do_next(comparison: Path, read_page: Callable) -> None:
    page, result = read_page(write_comparison_report(comparison)), read_comparison(comparison)
    header = page.root.find("body//header")
    text = cells(header)
    words = answer_words(result, folder=comparison)
    for line in words.headline + words.findings + words.others:
        assert " ".join(line.split()) in text
    assert [figure.get("aria-label").split(",")[0] for figure in header.iter("svg")] == [
        "Accuracy of each network against time per image on this machine"
    ]
    commands = ["".join(code.itertext()) for code in header.iter("code")]
    assert predict_command(result, comparison) == commands[0]
    assert str(comparison / result.answer.name) in commands[0]
    assert any(command.startswith("leadline compare --resume") and "--minutes 4" in command for command in commands)


def test_the_words_of_the_answer_stand_on_every_sheet(comparison: Path, read_page: Callable) -> None:
    words = answer_words(read_comparison(comparison))
    card = write_comparison_card(comparison).read_text("utf-8")
    part, methods = card.split("## Methods, to paste")
    page = read_page(write_comparison_report(comparison)).text
    for line in words.findings + words.others + words.basis:
        assert line in part
        assert line in methods
        assert page.count(" ".join(line.split())) >= 2, "on top, or below what it rests on; and in the methods"
    assert "--resume" not in methods, "a command has no place in a paper"


def test_the_tables_hold_the_figures_of_comparison_json(comparison: Path, read_page: Callable) -> None:
    page, result = read_page(write_comparison_report(comparison)), read_comparison(comparison)
    tables = {
        table.get("aria-label"): table.find("table") for table in page.root.iter("div") if table.get("aria-label")
    }
    for title, networks in (("The final", result.final.networks), ("The heat", result.heat.networks)):
        rows = [cells(row) for row in tables[title].iter("tr")]
        for network in networks:
            row = next(text for text in rows if text.startswith(network.name))
            accuracy = network.metrics["validation"].accuracy
            assert f"{100 * accuracy.value:.1f} % {100 * accuracy.low:.1f}–{100 * accuracy.high:.1f} %" in row
            assert f"{network.steps} " in row
    for standing in result.answer.networks:
        row = next(text for text in map(cells, tables["The final"].iter("tr")) if text.startswith(standing.name))
        assert f"at most {100 * standing.loss_bound:.1f}" in row
        assert f"{standing.probability:.2f}" in row
        tested = next(one for one in result.final.networks if one.name == standing.name).metrics["test"].accuracy
        assert f"{100 * tested.value:.1f} %" in row
    named = [row for row in tables["The final"].iter("tr") if row.get("class") == "chosen"]
    assert [cells(row).split()[0] for row in named] == [f"{result.answer.name}likely"]
    assert "test accuracy" not in cells(tables["The heat"]), "the heat does not look at the test images"


def test_remarks_stand_beside_their_network(comparison: Path, read_page: Callable, edit_comparison: Callable) -> None:
    def remarked(network: NetworkResult) -> NetworkResult:
        remarks = ("never learned", "left after the heat, 23 points behind") if network.name == "alexnet_small" else ()
        return msgspec.structs.replace(network, remarks=remarks)

    edit_comparison(comparison, heat=remarked)
    page = read_page(write_comparison_report(comparison))
    told = [cells(row) for row in page.root.iter("tr") if "never learned" in cells(row)]
    assert len(told) == 1
    assert told[0].startswith("alexnet_small")
    assert "left after the heat, 23 points behind" in told[0]


def test_a_comparison_by_folds_shows_the_test_images_of_the_named_network_only(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    name = read_comparison(comparison).answer.name

    def crossed(network: NetworkResult) -> NetworkResult:
        measured = network.metrics
        tested = {"test": measured["test"]} if network.name == name else {}
        return msgspec.structs.replace(network, metrics={"out-of-fold": measured["validation"], **tested})

    result = edit_comparison(comparison, final=crossed, evidence=Evidence("folds", 143, 0, None, 3))
    crossing = {"folds": 3, "repeats": 1, "images": 143, "accuracy_of_folds": []}
    for network in result.final.networks:
        file = comparison / network.run / "metrics.json"
        metrics = {**json.loads(file.read_text()), "folds": crossing}
        if network.name != name:
            del metrics["test"]
        file.write_text(json.dumps(metrics))
    page = read_page(write_comparison_report(comparison))
    final = next(table for table in page.root.iter("div") if table.get("aria-label") == "The final")
    rows = [cells(row) for row in final.iter("tr")]
    assert "out-of-fold accuracy" in rows[0]
    assert "test accuracy" in rows[0]
    tested = result.named.metrics["test"].accuracy
    assert sum(f"{100 * tested.low:.1f}–{100 * tested.high:.1f} %" in row for row in rows) == 1
    confusion = page.text[page.text.index("Confusion matrix") :]
    assert "Out-of-fold images" in confusion[:80], "all networks are shown on the images that all of them judged"
    assert "each judged by a network that had not seen it" in page.text


def test_a_second_final_stands_above_the_first(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    rounds = read_comparison(comparison).rounds
    edit_comparison(comparison, rounds=(*rounds, rounds[-1]))
    headings = read_page(write_comparison_report(comparison)).headings
    titles = [title for title in headings if "inal" in title or "heat" in title]
    assert len(titles) == 3
    assert titles[1:] == ["The final", "The heat"]


def test_the_same_tables_give_the_same_page(comparison: Path) -> None:
    first = write_comparison_report(comparison).read_bytes()
    assert write_comparison_report(comparison).read_bytes() == first


def test_looks_at_the_test_images_are_counted_wherever_they_happened(
    comparison: Path, read_page: Callable, edit_json: Callable
) -> None:
    edit_json(comparison / "lenet5" / "metrics.json", looks_at_test=3)
    assert "looks at the test images3" in read_page(write_comparison_report(comparison)).text
    edit_json(comparison / "resnet20_cifar" / "metrics.json", looks_at_test=2)  # of the same images
    assert "looks at the test images4" in read_page(write_comparison_report(comparison)).text
    card = write_comparison_card(comparison).read_text("utf-8")
    assert "**Looks at the test images.** 4, 3 of them by `evaluate` after the comparison; all networks share" in card
    assert "The test images were looked at 4 times" in card


def test_looks_by_way_of_a_further_seed_count_too(comparison: Path, edit_comparison: Callable) -> None:
    result = read_comparison(comparison)
    assert looks_at_test(comparison, result) == 1
    shutil.copytree(comparison / "lenet5", comparison / "lenet5-seed1")
    metrics = comparison / "lenet5-seed1" / "metrics.json"
    metrics.write_text(json.dumps({**json.loads(metrics.read_text()), "looks_at_test": 5}))

    def with_seeds(network: NetworkResult) -> NetworkResult:
        runs = ("lenet5", "lenet5-seed1") if network.name == "lenet5" else ()
        return msgspec.structs.replace(network, runs=runs)

    result = edit_comparison(comparison, final=with_seeds)
    assert looks_at_test(comparison, result) == 5
    shutil.rmtree(comparison / "lenet5-seed1")
    assert looks_at_test(comparison, msgspec.structs.replace(result, looks_at_test=5)) == 5
    assert looks_at_test(comparison / "nowhere", msgspec.structs.replace(result, looks_at_test=0)) == 0


def test_settings_that_differ_between_networks_stand_in_a_table(comparison: Path, read_page: Callable) -> None:
    recipe = comparison / "lenet5" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("learning_rate = 0.1", "learning_rate = 0.025"))
    page = read_page(write_comparison_report(comparison))
    table = list(page.root.iter("table"))[-1]
    assert ["".join(cell.itertext()).strip() for cell in table.find("thead/tr")] == ["network", "highest learning rate"]
    assert [row[1].text for row in table.find("tbody")] == ["0.025", "0.1", "0.1"]
    assert "batch size 64" in page.text


def test_ten_networks_make_a_page_that_can_be_mailed(comparison: Path, edit_comparison: Callable) -> None:
    result = read_comparison(comparison)
    three = result.final.networks
    ten = tuple(msgspec.structs.replace(three[number % 3], name=f"network{number}") for number in range(10))
    standings = tuple(msgspec.structs.replace(result.answer.networks[0], name=one.name) for one in ten)
    answer = msgspec.structs.replace(result.answer, name="network0", best="network1", networks=standings)
    edit_comparison(comparison, rounds=(Round("final", ten),), answer=answer)
    assert write_comparison_report(comparison).stat().st_size < 1_000_000


def test_several_seeds_show_how_far_they_lie_apart(
    comparison: Path, read_page: Callable, edit_comparison: Callable
) -> None:
    spread = SeedSpread(0.924, (0.912, 0.934, 0.925), between_seeds=0.011, between_images=None, n=140)
    edit_comparison(comparison, seed_spreads={"lenet5": {"test": spread}})
    text = read_page(write_comparison_report(comparison)).text
    assert "3 seeds: 91.2 % to 93.4 %" in text
    assert "Trained again from other seeds" in text
    assert "1 seeds" not in text
