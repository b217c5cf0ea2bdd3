"""What a folder or a class is called makes no difference to a training, its resumption and what is done with it."""

import os
import shutil
from pathlib import Path

import pytest

from leadline.errors import UsageError
from leadline.training.run_folder import read_json
from leadline.verbs.check import check
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict
from leadline.verbs.train import resume, train

from ..conftest import MakeImages

CLASSES = ("a\nb", "t\tq", "\U0001f9eb [x]")


@pytest.mark.skipif(os.name == "nt", reason="names of folders are text there")
@pytest.mark.parametrize("name", ["\U0001f9eb \u05d0\u200fx", os.fsdecode(b"Zelle_\xe4")])
def test_any_folder_can_be_trained_on_and_resumed(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data = tmp_path / name
    make_images(count=5, size=16, classes=CLASSES).rename(data)
    monkeypatch.chdir(tmp_path)
    run = train(data, model="lenet5", epochs=1)
    assert run.finished
    assert set(run.manifest.classes) == set(CLASSES)
    assert run.recipe.data == str(data)
    assert read_json(run.folder / "environment.json")["data_root"] == str(data)
    half = tmp_path / "half"
    half.mkdir()
    for file in ("recipe.toml", "manifest.parquet", "environment.json"):
        shutil.copy(run.folder / file, half)
    again = resume(half)
    assert again.predictions.table.equals(run.predictions.table)
    assert len(evaluate(run.folder, data).predictions) == 15
    assert set(predict(run.folder, data).table["predicted"]) <= set(CLASSES)
    check(data, out=tmp_path / "check.json")
    assert read_json(tmp_path / "check.json")["summary"]["data"] == str(data)


@pytest.mark.skipif(os.name == "nt", reason="names of folders are text there")
def test_a_run_folder_that_is_no_utf8_is_refused_at_once(make_images: MakeImages, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--out .*Zelle_\\udce4"):
        train(make_images(count=4), model="lenet5", epochs=1, out=tmp_path / os.fsdecode(b"Zelle_\xe4"))
