"""Nothing that a verb writes takes the place of what a person has."""

import os
import sys
from pathlib import Path

import polars as pl
import pytest

from leadline.data.outputs import lies_in
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import Predictions
from leadline.training.run_folder import new_folder
from leadline.verbs.check import check
from leadline.verbs.inspect import inspect
from leadline.verbs.predict import predict

from ..conftest import MakeImages

LINKS = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


def test_check_writes_over_none_of_its_inputs(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=3)
    image = data / "dark" / "000.png"
    table = tmp_path / "mine.csv"
    table.write_text("path,label\nimages/dark/000.png,dark\nimages/light/000.png,light\n")
    before = {file: file.read_bytes() for file in (image, table)}
    for source, out in ((data, image), (data, data / "new.json"), (table, table), (table, image)):
        with pytest.raises(LeadlineError, match=out.name):
            check(source, out=out)
    assert before == {file: file.read_bytes() for file in (image, table)}
    assert not (data / "new.json").exists()


def test_predict_writes_over_a_table_of_its_own_and_over_no_other(make_images: MakeImages, tmp_path: Path) -> None:
    data, run = make_images(count=2), tmp_path / "run"
    run.mkdir()
    own = Predictions.from_arrays(paths=["a.png"], probabilities=[[0.5, 0.5]], classes=["x", "y"])
    remarked = Predictions(own.table.with_columns(remark=own.table["path"]), own.classes)
    own.write(earlier := tmp_path / "earlier.csv")
    labelled = own.table.with_columns(label=pl.lit("x"))
    Predictions(labelled, own.classes).write(of_run := run / "predictions.parquet")
    remarked.write(noted := tmp_path / "noted.csv")
    (mine := tmp_path / "mine.csv").write_text("path,label,remark\nimages/dark/000.png,dark,do not lose me\n")
    (empty := tmp_path / "empty.csv").touch()

    def told(inputs: Path, out: Path) -> str:
        before = out.read_bytes() if out.exists() else None
        with pytest.raises(LeadlineError) as refused:
            predict(run, inputs, out=out)
        assert (out.read_bytes() if out.exists() else None) == before
        return str(refused.value)

    for inputs, out in ((mine, mine), (data, mine), (data, noted), (data, of_run), (earlier, earlier)):
        assert str(out) in told(inputs, out)
    assert "lies in" in told(data, data / "dark" / "p.csv")
    for out in (earlier, empty, tmp_path / "new.csv"):
        assert "training" in told(data, out) or "classifier" in told(data, out), "refused for the run alone"


@LINKS
def test_an_input_is_known_by_any_link_to_it(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=1)
    (tmp_path / "mine.csv").write_text("path,label\nimages/dark/000.png,dark\nimages/light/000.png,light\n")
    (tmp_path / "soft.csv").symlink_to("mine.csv")
    os.link(tmp_path / "mine.csv", tmp_path / "hard.csv")
    for out in ("soft.csv", "hard.csv"):
        with pytest.raises(UsageError, match="is what is read here"):
            check(tmp_path / "mine.csv", out=tmp_path / out)
    (tmp_path / "way").symlink_to(data, target_is_directory=True)
    (drive := tmp_path / "drive" / "third").mkdir(parents=True)
    (data / "third").symlink_to(drive, target_is_directory=True)
    for out in (tmp_path / "way" / "new.json", drive / "new.json"):
        with pytest.raises(UsageError, match="lies in"):
            check(data, out=out)
        with pytest.raises(UsageError, match="lies in"):
            new_folder(out.with_suffix(""), data=data, suffix="lenet5")
    assert not lies_in(tmp_path / "beside.json", data)
    assert not lies_in(data, data)


def test_a_drawing_takes_the_place_of_a_drawing_of_ours_alone(tmp_path: Path) -> None:
    inspect("lenet5", diagram=tmp_path / "a.svg")
    inspect("lenet5", diagram=tmp_path / "a.svg")
    (tmp_path / "b.svg").write_text("<svg>mine</svg>")
    with pytest.raises(LeadlineError, match=r"b\.svg: exists already"):
        inspect("lenet5", diagram=tmp_path / "b.svg")
    assert (tmp_path / "b.svg").read_text() == "<svg>mine</svg>"
