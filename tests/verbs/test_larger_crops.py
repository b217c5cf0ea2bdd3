"""Crops of larger images change what is trained on, and nothing that is judged."""

from pathlib import Path

import numpy as np

from leadline.verbs.predict import predict
from leadline.verbs.train import train

from ..conftest import MakeImages


def test_images_are_judged_as_they_will_be_predicted(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(
        make_images(count=16, size=40), model="alexnet_small", out=tmp_path / "run", augment="vgg", size=16, epochs=1
    )
    assert run.classifier.preprocessing.size == 16
    own = run.predictions.table
    again = predict(run.folder, [run.manifest.root / path for path in own["path"]]).table
    for name in ("p:dark", "p:light"):
        assert np.allclose(own[name], again[name], atol=1e-3)


def test_an_image_that_cannot_be_decoded_is_left_out_once(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=16, size=64)
    for name in ("003", "011"):
        file = data / "dark" / f"{name}.png"
        content = bytearray(file.read_bytes())
        content[len(content) // 2 : len(content) // 2 + 64] = bytes(64)
        file.write_bytes(content)
    run = train(data, model="alexnet_small", out=tmp_path / "run", augment="googlenet", size=16, epochs=1)
    assert [one.path for one in run.metrics.left_out] == ["dark/003.png", "dark/011.png"]


def test_grey_images_are_trained_on_without_colour_noise(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=12), model="lenet5", out=tmp_path / "run", augment="alexnet", epochs=1)
    assert "colour_axes" not in run.classifier.provenance
