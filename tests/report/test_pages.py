"""Both pages: what they show, that they are well formed, load nothing, and can be read without seeing."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from leadline.report import write_comparison_card, write_comparison_report, write_run_report
from leadline.report.looks import looks_at_test

SECTIONS = [
    "The networks", "Accuracy against cost", "What a cheaper network may lose", "Learning curves",
    "What is taken for what", "Class by class", "Can its probabilities be believed?",
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
    assert read_page(write_comparison_report(comparison)).headings == SECTIONS


def test_a_run_shows_everything_but_the_comparison(comparison: Path, read_page: Callable) -> None:
    page = read_page(write_run_report(comparison / "lenet5"))
    assert page.headings == SECTIONS[3:]
    assert page.root.find("body//h1").text == "lenet5 on digits"
    assert [figure.get("aria-label", "")[:8] for figure in page.root.iter("svg")][:2] == ["Accuracy", "Loss of "]


def test_the_table_holds_the_figures_of_comparison_json(comparison: Path, read_page: Callable) -> None:
    page = read_page(write_comparison_report(comparison))
    table = next(page.root.iter("table"))
    rows = {"".join(row[0].itertext()).strip(): " ".join("".join(row.itertext()).split()) for row in table.iter("tr")}
    for network in json.loads((comparison / "comparison.json").read_text())["networks"]:
        row = next(text for name, text in rows.items() if name.startswith(network["name"]))
        for split in ("validation", "test"):
            accuracy = network[split]["accuracy"]
            assert f"{100 * accuracy['value']:.1f} %" in row
            assert f"{100 * accuracy['low']:.1f}–{100 * accuracy['high']:.1f} %" in row
        assert str(network["year"]) in row
        assert str(network["depth"]) in row
    baseline = next(text for name, text in rows.items() if name.startswith("always"))
    assert f"{100 * network['test']['majority_baseline']:.1f} %" in baseline


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
    assert "test images, which were looked at 4 times, the accuracy of" in card


def test_looks_by_way_of_a_further_seed_count_too(comparison: Path, edit_json: Callable) -> None:
    found = json.loads((comparison / "comparison.json").read_text())
    assert looks_at_test(comparison, found) == 1
    shutil.copytree(comparison / "lenet5", comparison / "lenet5-seed1")
    edit_json(comparison / "lenet5-seed1" / "metrics.json", looks_at_test=5)
    found["networks"][0]["runs"] = ["lenet5", "lenet5-seed1"]
    assert looks_at_test(comparison, found) == 5
    shutil.rmtree(comparison / "lenet5-seed1")
    assert looks_at_test(comparison, {**found, "looks_at_test": 5}) == 5
    assert looks_at_test(comparison / "nowhere", {"networks": [{"run": "gone"}], "looks_at_test": 0}) == 0


def test_settings_that_differ_between_networks_stand_in_a_table(comparison: Path, read_page: Callable) -> None:
    recipe = comparison / "lenet5" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("learning_rate = 0.1", "learning_rate = 0.025"))
    page = read_page(write_comparison_report(comparison))
    table = list(page.root.iter("table"))[-1]
    assert ["".join(cell.itertext()).strip() for cell in table.find("thead/tr")] == ["network", "highest learning rate"]
    assert [row[1].text for row in table.find("tbody")] == ["0.025", "0.1", "0.1"]
    assert "batch size 64" in page.text


def test_ten_networks_make_a_page_that_can_be_mailed(comparison: Path, edit_json: Callable) -> None:
    entries = json.loads((comparison / "comparison.json").read_text())["networks"]
    ten = [{**entries[number % 3], "name": f"network{number}"} for number in range(10)]
    edit_json(comparison / "comparison.json", networks=ten)
    assert write_comparison_report(comparison).stat().st_size < 1_000_000


def test_several_seeds_show_how_far_they_lie_apart(comparison: Path, read_page: Callable, edit_json: Callable) -> None:
    networks = json.loads((comparison / "comparison.json").read_text())["networks"]
    networks[0]["test_accuracy_of_seeds"] = [0.912, 0.934, 0.925]
    networks[1]["test_accuracy_of_seeds"] = [0.955]
    edit_json(comparison / "comparison.json", networks=networks)
    text = read_page(write_comparison_report(comparison)).text
    assert "3 seeds: 91.2 % to 93.4 %" in text
    assert "1 seeds" not in text
