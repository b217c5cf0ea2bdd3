"""Files on which `make fuzz` found something else than LeadlineError, or a crash."""

import io
import json
import secrets
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from safetensors.torch import load_file, save_file

from leadline.classifier import Classifier, load
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import Preprocessing
from leadline.data.sources.scan import scan
from leadline.errors import LeadlineError
from leadline.evaluation.predictions import Predictions
from leadline.parquet import read_parquet, write_parquet
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON
from leadline.training import checkpoint
from leadline.training.recipe_files import read_settings
from leadline.zoo import build_model

DEEP = "[" * 100_000
READERS = pytest.mark.parametrize(
    "read", [Manifest.read, Predictions.read, scan], ids=["manifest", "predictions", "table"]
)


def parquet_that_panics() -> bytes:
    """A table whose second page says that it has no bytes."""
    file = io.BytesIO()
    table = pl.DataFrame({"path": ["0123456789.png"] * 4, "label": ["a", "b", "a", "b"]})
    table.write_parquet(file, compression="uncompressed")
    content = bytearray(file.getvalue())
    content[content.index(b"0123456789.png") + 19] = 0
    return bytes(content)


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    how = Preprocessing(channels=1, dtype="uint8", size=32, mean=(0.5,), std=(0.2,))
    network = build_model("lenet5", num_classes=2, in_channels=1)
    Classifier(network, "lenet5", ("a", "b"), how).save(tmp_path / "classifier")
    return tmp_path / "classifier"


@READERS
def test_a_parquet_file_at_which_its_reader_panics_is_damaged(read: Callable[[Path], object], tmp_path: Path) -> None:
    """The panic of polars is no Exception, and would end the program with a traceback."""
    file = tmp_path / "table.parquet"
    file.write_bytes(parquet_that_panics())
    try:
        pl.read_parquet(file)
    except pl.exceptions.PanicException:
        pass
    except pl.exceptions.PolarsError:
        pytest.skip("this polars does not panic here")
    with pytest.raises(LeadlineError, match=r"table\.parquet: .*damaged"):
        read(file)


@READERS
def test_a_parquet_file_that_kills_its_reader_is_damaged(
    read: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A size of 2 EiB in a page ends the process that reads it; it is not the program's."""
    file = tmp_path / "table.parquet"
    file.write_bytes(b"PAR1")
    monkeypatch.setattr("leadline.parquet.TRIAL", "import os; os.abort()")
    with pytest.raises(LeadlineError, match=r"table\.parquet: .*crashes its reader"):
        read(file)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the memory of a process is not bounded so")
def test_a_small_parquet_file_that_takes_all_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal rows pack well: 100 MB of numbers in some kilobytes."""
    file = tmp_path / "table.parquet"
    pl.select(path=pl.repeat(7, 2**24, dtype=pl.Int64)).write_parquet(file)
    assert file.stat().st_size < 2**18
    monkeypatch.setattr("leadline.parquet.MEMORY", 2**26)
    monkeypatch.setattr("leadline.parquet.SECONDS", 3)
    with pytest.raises(LeadlineError, match=r"table\.parquet: .*memory"):
        Predictions.read(file)


def test_what_was_tried_or_written_before_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs, ours = tmp_path / "theirs.parquet", tmp_path / "ours.parquet"
    pl.DataFrame({"a": [secrets.randbits(40)]}).write_parquet(theirs)
    read_parquet(theirs)
    write_parquet(pl.DataFrame({"a": [secrets.randbits(40)]}), ours)
    monkeypatch.setattr("leadline.parquet.TRIAL", "import os; os.abort()")
    assert read_parquet(theirs).height == read_parquet(ours).height == 1
    pl.DataFrame({"a": [secrets.randbits(40)]}).write_parquet(theirs)
    with pytest.raises(pl.exceptions.ComputeError, match="crashes its reader"):
        read_parquet(theirs)


@pytest.mark.parametrize("content", [f'{{"schema": 2, "data": {DEEP}', DEEP])
def test_brackets_that_are_too_deep_are_damage(tmp_path: Path, classifier: Path, content: str) -> None:
    (tmp_path / COMPARISON).write_text(content)
    with pytest.raises(LeadlineError, match="is damaged"):
        json_files.read_comparison(tmp_path)
    (classifier / "classifier.json").write_text(content)
    with pytest.raises(LeadlineError, match="is damaged"):
        load(classifier)
    (tmp_path / "recipe.toml").write_text(f"a = {DEEP}")
    with pytest.raises(LeadlineError, match="too deep"):
        read_settings(tmp_path / "recipe.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "eluint8"}, {"size": 2**31}, {"size": 0}, {"size": "32"}, {"channels": 0}, {"channels": 2**40},
        {"mean": [0.5, 0.5]}, {"std": [float("nan")]}, {"low": [1.0]}, {"select": [-1]}, {"project": "../x"},
        {"names": 7}, {"low": [0.0, 1.0], "high": [2.0, 3.0]},
    ],
    ids=str,
)  # fmt: skip
def test_a_preprocessing_that_makes_no_sense_is_damage(classifier: Path, change: dict[str, object]) -> None:
    described = json.loads((classifier / "classifier.json").read_text())
    load(classifier)
    described["preprocessing"] |= change
    (classifier / "classifier.json").write_text(json.dumps(described))
    with pytest.raises(LeadlineError, match=r"classifier\.json: (is damaged|.*expected)|--project"):
        load(classifier)


@pytest.mark.parametrize("classes", ["ab", [], ["a", "a"], ["a", 1], {"a": 1}, None])
def test_classes_that_are_no_names_are_damage(classifier: Path, classes: object) -> None:
    described = json.loads((classifier / "classifier.json").read_text())
    (classifier / "classifier.json").write_text(json.dumps(described | {"classes": classes}))
    with pytest.raises(LeadlineError, match=r"classifier\.json: is damaged"):
        load(classifier)


def test_weights_that_are_no_numbers_are_not_predicted_with(classifier: Path) -> None:
    weights = load_file(classifier / "model.safetensors")
    name = next(iter(weights))
    weights[name].view(-1)[3] = float("nan")
    save_file(weights, classifier / "model.safetensors")
    with pytest.raises(LeadlineError, match=rf"model\.safetensors: {name} holds what is no finite number"):
        load(classifier)


@pytest.mark.parametrize("lie", ["length", "offsets", "shape", "dtype", "more"])
def test_a_safetensors_header_that_lies_is_refused(classifier: Path, lie: str) -> None:
    file = classifier / "model.safetensors"
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    name = next(iter(header))
    if lie == "length":
        file.write_bytes((2**62).to_bytes(8, "little") + content[8:])
    else:
        if lie == "offsets":
            header[name]["data_offsets"] = [0, 2**50]
        elif lie == "shape":
            header[name]["shape"] = [2**31, 2**31, 2]
        elif lie == "dtype":
            header[name]["dtype"] = "F8_E4M3"
        else:
            header["../../x"] = header[name]
        text = json.dumps(header).encode()
        file.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    with pytest.raises(LeadlineError, match=r"model\.safetensors: does not hold the weights of lenet5"):
        load(classifier)


@pytest.mark.parametrize(
    "damage", [b"\x80\x02X\x02\x00\x00\x00\xff\xfe.", b"\x80\x02h\x05.", b"\x80\x02U", b"\x80\x02}q"]
)
def test_a_checkpoint_whose_pickle_is_damaged_is_damaged(tmp_path: Path, damage: bytes) -> None:
    """torch's reader raises UnicodeDecodeError, IndexError, struct.error and others."""
    checkpoint.save(checkpoint.State(step=3), tmp_path)
    whole = (tmp_path / checkpoint.NAME).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(tmp_path / checkpoint.NAME, "w") as new:
        for name in old.namelist():
            new.writestr(name, damage if name.endswith("data.pkl") else old.read(name))
    with pytest.raises(LeadlineError, match="its checkpoints are damaged"):
        checkpoint.load(tmp_path)
    (tmp_path / checkpoint.PREVIOUS).write_bytes(whole)
    state = checkpoint.load(tmp_path)
    assert state is not None
    assert state.step == 3


@pytest.mark.slow
def test_the_fuzzer_finds_what_is_there(tmp_path: Path) -> None:
    """A few seconds of it end well, and say how many files they were."""
    script = Path(__file__).parents[1] / "tools" / "fuzzing" / "fuzz.py"
    counts = tmp_path / "counts.json"
    asked = ["--minutes", "0.1", "--only", "PNG", "recipe", "--out", str(counts)]
    ended = subprocess.run([sys.executable, str(script), *asked], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert all(count["read"] and count["refused"] for count in json.loads(counts.read_text()).values())
