"""`leadline explain`: an overlay and numbers per image, a table, a check, a section of the report."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

import leadline
from leadline.cli import DONE, SOME_UNREADABLE
from leadline.errors import LeadlineError, UsageError
from leadline.results.json_files import read
from leadline.results.map_check import MAP_CHECK, MapCheck
from leadline.verbs.explain import explain
from leadline.verbs.train import train

from ..conftest import MakeImages, Notes


@pytest.fixture
def run(make_images: MakeImages, tmp_path: Path) -> Path:
    data = make_images(count=20)
    return train(data, model="resnet20_cifar", epochs=2, out=tmp_path / "run", progress=Notes()).folder


def test_every_image_has_an_overlay_its_numbers_and_a_row(run: Path, tmp_path: Path) -> None:
    wide = tmp_path / "new" / "wide image.png"
    wide.parent.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 200)).astype(np.uint8)).save(wide)
    (tmp_path / "new" / "broken.png").write_bytes(b"no image")
    found = explain(run, tmp_path / "new", out=tmp_path / "maps")
    broken, shown = found.table.rows(named=True)
    assert "broken" in broken["path"]
    assert broken["error"]
    assert broken["png"] is None
    assert pl.read_csv(tmp_path / "maps" / "maps.csv").columns == found.table.columns
    assert np.asarray(Image.open(found.folder / shown["png"])).shape == (120, 200, 3)
    numbers = np.load(found.folder / shown["npz"])
    assert numbers["on_image"].shape == (120, 200)
    assert np.isnan(numbers["on_image"][:, :40]).all(), "the network saw the central square alone"
    assert numbers["map"].sum() + shown["bias"] == pytest.approx(shown["logit"], abs=1e-4)
    predicted = leadline.predict(run, wide).table.row(0, named=True)
    assert (shown["predicted"], shown["class"]) == (predicted["predicted"],) * 2
    assert shown["probability"] == pytest.approx(predicted["probability"], abs=1e-6)


def test_a_class_can_be_chosen_and_an_unknown_one_is_refused(
    run: Path, make_images: MakeImages, tmp_path: Path
) -> None:
    new = make_images("new", count=2)
    found = explain(run, new, out=tmp_path / "light", of_class="light")
    assert set(found.table["class"]) == {"light"}
    with pytest.raises(UsageError, match="--class grey: the classifier's classes are dark, light"):
        explain(run, new, out=tmp_path / "grey", of_class="grey")
    assert not (tmp_path / "grey").exists()
    with pytest.raises(UsageError, match="exists already"):
        explain(run, new, out=tmp_path / "light")
    with pytest.raises(UsageError, match="where nothing is written"):
        explain(run, new, out=new / "maps")


def test_a_check_is_kept_and_said_in_the_report(run: Path, make_images: MakeImages, tmp_path: Path) -> None:
    page = (run / "report.html").read_text("utf-8")
    assert "Where it looked" in page
    assert "was not checked" in page
    new = make_images("new", count=6)
    found = explain(run, new, out=tmp_path / "maps", check=True)
    assert found.check == read(run / MAP_CHECK, MapCheck)
    page = (run / "report.html").read_text("utf-8")
    assert "was not checked" not in page
    for doubt in found.check.doubts:
        assert doubt in page
    assert explain(run, new, out=tmp_path / "again").check == found.check
    with pytest.raises(LeadlineError, match="two images"):
        explain(run, next(new.rglob("*.png")), out=tmp_path / "one", check=True)


def test_the_command_line_says_what_was_made(
    run: Path, make_images: MakeImages, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    from leadline.cli.explain import explain as command

    new = make_images("new", count=1)
    assert command(run, [str(new)], out=tmp_path / "maps") == DONE
    printed = capsys.readouterr().out
    assert "2 maps" in printed
    assert "no proof" in printed
    assert "--check" in printed
    (new / "broken.png").write_bytes(b"")
    assert command(run, [str(new)], out=tmp_path / "more", json=True) == SOME_UNREADABLE
