"""Features are computed once, kept, and never those of another network or of other images."""

from pathlib import Path

import numpy as np
import pytest
import torch

from leadline.data.cache import ImageCache
from leadline.data.preprocessing import geometry, measured
from leadline.data.sources.scan import scan
from leadline.inference import features as module
from leadline.inference.features import Features
from leadline.inference.hardware import hardware
from leadline.pretrained.create import create_model
from leadline.zoo.last_layer import Body, set_last_layer

from ..conftest import MakeImages


@pytest.fixture
def kept(make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Features:
    """Of 24 discs, in blocks of ten."""
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "BLOCK", 10)
    return of(cache_of(make_images(count=12)))


def cache_of(data: Path) -> ImageCache:
    manifest = scan(data)
    cache = ImageCache(manifest, geometry(manifest, size=32))
    return cache


def of(cache: ImageCache, *, seed: int = 0, head: float = 0.0, mean: float | None = None) -> Features:
    torch.manual_seed(seed)
    network = create_model("resnet20_cifar", num_classes=2, in_channels=1)
    set_last_layer(network, torch.full((2, 64), head), torch.zeros(2))
    how = measured(cache._preprocessing, cache.take(np.arange(24))[0])
    if mean is not None:
        how = how.from_dict({**how.to_dict(), "mean": [mean]})
    return Features.of(Body(network, name="resnet20_cifar"), cache, how, hardware("cpu", "fp32"))


def test_kept_features_are_those_that_were_computed(kept: Features, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = np.concatenate(list(kept.blocks()))
    assert computed.shape == (24, 64)
    assert sorted(file.name for file in kept.folder.iterdir()) == ["0.npy", "10.npy", "20.npy"]
    body = kept.engine.network
    with torch.inference_mode():
        images = kept.engine.preprocessing.normalise(torch.from_numpy(kept.cache.take(np.arange(24))[0]))
        assert computed == pytest.approx(body.eval()(images).numpy(), abs=1e-4)
    monkeypatch.setattr(torch.nn.Module, "__call__", lambda *_: pytest.fail("computed again"))
    assert np.array_equal(np.concatenate(list(kept.blocks())), computed)


def test_a_damaged_file_is_computed_again(kept: Features) -> None:
    computed = np.concatenate(list(kept.blocks()))
    (kept.folder / "10.npy").write_bytes((kept.folder / "10.npy").read_bytes()[:200])
    (kept.folder / "0.npy").write_bytes(b"")
    np.save(kept.folder / "20.npy", np.zeros((3, 64), dtype=np.float32))
    assert np.array_equal(np.concatenate(list(kept.blocks())), computed)


def test_what_changes_the_features_changes_the_folder(kept: Features, make_images: MakeImages) -> None:
    cache = kept.cache
    assert of(cache).folder == kept.folder
    assert of(cache, head=1.0).folder == kept.folder  # which no feature depends on
    others = {
        of(cache, seed=1).folder, of(cache, mean=0.25).folder,
        of(cache_of(make_images("other", classes=("light", "dark")))).folder, kept.folder,
    }  # fmt: skip
    assert len(others) == 4


@pytest.mark.usefixtures("kept")
def test_unreadable_images_have_no_features(make_images: MakeImages) -> None:
    data = make_images("partly", size=40)  # whose contents no cache has
    manifest = scan(data)
    (data / "dark" / "003.png").write_bytes(b"no image any more")
    cache = ImageCache(manifest, geometry(manifest, size=32))
    partly = of(cache)
    found = np.concatenate(list(partly.blocks()))
    position = manifest.usable["path"].to_list().index("dark/003.png")
    assert np.isnan(found[position]).all()
    assert np.isfinite(np.delete(found, position, axis=0)).all()
    assert not (partly.folder / "0.npy").exists()  # the image may be readable another time
    assert (partly.folder / "10.npy").exists()
