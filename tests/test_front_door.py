"""The package as a caller has it: its names can be listed, and its use leaves the caller's world as it was."""

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import leadline
from leadline.classifier import Classifier, load
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError
from leadline.pretrained.create import create_model


def test_every_public_name_is_listed_before_it_is_used() -> None:
    script = "import leadline; print(set(leadline.__all__) <= set(dir(leadline)), 'train' in vars(leadline))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"]
    with pytest.raises(AttributeError):
        _ = leadline.absent


def test_importing_a_verb_draws_nothing_from_the_callers_random_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "drawing.py").write_text("import random\ndrawn = random.random()\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(leadline._HOMES, "drawn", "drawing")
    before = random.getstate()
    assert 0 <= leadline.drawn < 1  # type: ignore[attr-defined]
    assert random.getstate() == before


def world() -> list[object]:
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    states = [torch.get_rng_state().tolist(), repr(np.random.get_state()), random.getstate()]
    torch_has = [torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype()]
    return [*states, *torch_has, handlers, Path.cwd(), dict(os.environ)]


@pytest.mark.parametrize("name", ["explain", "export", "serve", "predict"])
def test_a_verb_is_a_verb_however_often_it_is_asked_for(name: str) -> None:
    """A package of its name would take its place once it is imported."""
    assert callable(getattr(leadline, name))
    assert callable(getattr(leadline, name))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    preprocessing = Preprocessing(channels=1, dtype="uint8", size=32, mean=(0.5,), std=(0.5,))
    network = create_model("lenet5", num_classes=2)
    Classifier(network, "lenet5", ("a", "b"), preprocessing, {"data": "x"}).save(tmp_path / "classifier")
    return tmp_path


def test_loading_leaves_the_callers_world_as_it_was(saved: Path) -> None:
    before = world()
    load(saved)
    assert world() == before


def test_a_foreign_or_damaged_folder_is_named_and_no_defect(saved: Path, tmp_path: Path) -> None:
    file = saved / "classifier" / "classifier.json"
    good = json.loads(file.read_text("utf-8"))
    damaged: list[object] = [{key: value for key, value in good.items() if key != left_out} for left_out in good]
    damaged = [one for one in damaged if "temperature" in one]  # type: ignore[operator]
    damaged += [{**good, key: odd} for key in good for odd in (None, [1], {"a": 1}, "odd") if good[key] != odd]
    damaged = [one for one in damaged if one != {**good, "provenance": {"a": 1}}]
    damaged += [[], None, 7, {}]
    for one in damaged:
        file.write_text(json.dumps(one), "utf-8")
        with pytest.raises(LeadlineError, match=re.escape(str(saved))):
            load(saved)
    for content in (b"", b"\xff\xfe{", b"{"):
        file.write_bytes(content)
        with pytest.raises(LeadlineError, match=re.escape(str(saved))):
            load(saved)
    for folder in (tmp_path / "absent", Path(__file__), saved / "classifier" / "none"):
        with pytest.raises(LeadlineError, match=re.escape(str(folder))):
            load(folder)
