"""Same seed, same machine, same bits: the promise behind a recipe in a paper."""

import json
import subprocess
import sys
from pathlib import Path

from leadline.verbs.train import train

from ..conftest import MakeImages

SETTINGS = {"epochs": 2, "batch_size": 8, "augment": "dihedral", "seed": 4, "group": r"/(\d\d)"}
# Measured, and not decided by the seed.
CLOCKS = {"seconds_per_image", "training_seconds", "peak_memory_bytes"}


def test_the_same_seed_trains_the_same_bits_in_another_process(make_images: MakeImages, tmp_path: Path) -> None:
    data = make_images(count=40)
    first = train(data, model="alexnet_small", out=tmp_path / "first", **SETTINGS)  # type: ignore[arg-type]
    again = "import sys; from leadline import train; train(sys.argv[1], model='alexnet_small', out=sys.argv[2], **{})"
    command = [sys.executable, "-c", again.format(SETTINGS), data, tmp_path / "second"]
    subprocess.run(list(map(str, command)), check=True, timeout=300)
    folders = first.folder, tmp_path / "second"

    for name in ("classifier/model.safetensors", "manifest.parquet", "predictions.parquet", "recipe.toml"):
        assert len({(folder / name).read_bytes() for folder in folders}) == 1, name
    metrics, classifiers, environments = (
        [json.loads((folder / name).read_text()) for folder in folders]
        for name in ("metrics.json", "classifier/classifier.json", "environment.json")
    )
    assert metrics[0].keys() == metrics[1].keys()
    assert all(metrics[0][key] == metrics[1][key] for key in metrics[0].keys() - CLOCKS)
    assert classifiers[0] == classifiers[1]
    assert environments[0] == environments[1]


def test_what_made_a_run_is_written_down(make_images: MakeImages, tmp_path: Path) -> None:
    run = train(make_images(count=12), model="lenet5", out=tmp_path / "run", epochs=1)
    found = json.loads((run.folder / "environment.json").read_text())
    assert found["data_fingerprint"] == run.manifest.fingerprint
    assert found["command"]
    assert {"leadline", "torch", "numpy", "pillow"} <= set(found["packages"])
    assert {"processor", "threads", "precision", "instructions", "device"} <= set(found["hardware"])
    assert found["revision"] is None or len(found["revision"]) in (40, 64)
    assert len(found["source_sha256"]) == 64
