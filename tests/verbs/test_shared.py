"""Several processes share the images of predict and evaluate, started by the real torchrun."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from leadline.results.json_files import read_comparison
from leadline.training.run_folder import Run
from leadline.verbs.train import train

from ..conftest import MakeImages
from ..torchrun import process_of, torchrun

# A small batch, so that there are several; and where a mark is named, a pause in each, so that a process can be killed.
SCRIPT = """
import os, sys, time
from pathlib import Path
from leadline.verbs import predict
from leadline.inference.engine import Engine
from leadline.cli import main
predict.BATCH_SIZE = 8
real = Engine.outputs
def slow(*arguments, **options):
    if mark := os.environ.get("MARK"):
        Path(f"{mark}-{os.environ.get('RANK')}").touch()
        time.sleep(0.5)
    if os.environ.get("FAIL") and os.environ.get("RANK") == "1":
        from leadline.errors import LeadlineError
        raise LeadlineError("memory is short")
    return real(*arguments, **options)
Engine.outputs = slow
sys.argv[0] = "leadline"
main()
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("script") / "started.py"
    file.write_text(SCRIPT)
    return file


@pytest.fixture
def run(make_images: MakeImages, tmp_path: Path) -> Run:
    return train(make_images(count=30), model="lenet5", epochs=1, out=tmp_path / "run")


@pytest.fixture
def images(make_images: MakeImages) -> Path:
    """66 images, two of which cannot be read, one under a name that is no text."""
    folder = make_images("new", count=32)
    (folder / "dark" / "damaged.png").write_bytes(b"not an image")
    (folder / "light" / os.fsdecode(b"odd\xff.png")).write_bytes((folder / "light" / "000.png").read_bytes()[:60])
    return folder


def alone(script: Path, *arguments: str | Path) -> None:
    command = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode in (0, 3), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_two_processes_write_the_table_of_one_to_the_byte(run: Run, images: Path, script: Path, suffix: str) -> None:
    one, two = images.with_name(f"one.{suffix}"), images.with_name(f"two.{suffix}")
    alone(script, "predict", run.folder, images, "--out", one)
    process = torchrun("predict", run.folder, images, "--out", two, script=script)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert said.count("66 images →") == 1
    assert "2 of 66 images could not be read" in said
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_process_leaves_no_half_table(
    run: Run, images: Path, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: int
) -> None:
    monkeypatch.setenv("MARK", str(tmp_path / "mark"))
    out = tmp_path / "tables" / "table.csv"
    out.parent.mkdir()
    process = torchrun("predict", run.folder, images, "--out", out, script=script)
    before = time.monotonic()
    while not all((tmp_path / f"mark-{number}").exists() for number in (0, 1)):
        assert process.poll() is None
        assert time.monotonic() - before < 120
        time.sleep(0.01)
    os.kill(process_of(process, rank), signal.SIGKILL)
    said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "SIGKILL" in said
    assert "this is a defect" not in said
    assert rank == 0 or "torchrun ends all processes where one has ended" in said
    assert not list(out.parent.iterdir())


@pytest.mark.slow
def test_a_process_that_fails_is_named_once_and_nothing_is_written(
    run: Run, images: Path, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAIL", "1")
    process = torchrun("predict", run.folder, images, "--out", tmp_path / "table.csv", script=script)
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert said.count("leadline: process 2 of 2: memory is short") == 1
    assert not (tmp_path / "table.csv").exists()


@pytest.mark.slow
def test_what_is_asked_wrongly_is_said_once(run: Run, tmp_path: Path) -> None:
    process = torchrun("predict", run.folder, tmp_path / "missing", "--out", tmp_path / "table.csv")
    said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert said.count("leadline:") == said.count("missing: no such file or folder") == 1


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("--protocol", "ten-crop")], ids=["own", "ten-crop"])
def test_two_processes_judge_as_one(run: Run, images: Path, script: Path, how: tuple[str, ...]) -> None:
    """The same predictions to the byte and the same metrics."""
    (images / "dark" / "damaged.png").unlink()
    evaluations = run.folder / "evaluations"
    name = "new-ten-crop" if how else "new"
    alone(script, "evaluate", run.folder, images, *how)
    process = torchrun("evaluate", run.folder, images, *how, script=script)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert said.count("written to") == 1
    for file in ("predictions.parquet", "metrics.json"):
        assert (evaluations / name / file).read_bytes() == (evaluations / f"{name}-2" / file).read_bytes()
    assert sorted(folder.name for folder in evaluations.iterdir()) == [name, f"{name}-2"]


@pytest.mark.slow
def test_several_processes_are_one_look_at_the_test_images(run: Run, script: Path) -> None:
    looks = run.metrics.looks_at_test
    process = torchrun("evaluate", run.folder, script=script)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert run.metrics.looks_at_test == looks + 1


@pytest.mark.slow
@pytest.mark.parametrize("how", [("--seeds", "2"), ("--folds", "2")], ids=["seeds", "folds"])
def test_two_processes_compare_as_one(
    make_images: MakeImages, tmp_path: Path, script: Path, how: tuple[str, str]
) -> None:
    """The same networks to the bit, and the same answer."""
    data = make_images(count=26)
    common = ("--models", "lenet5,alexnet_small", "--epochs", "2", *how)
    alone(script, "compare", data, *common, "--out", tmp_path / "one")
    process = torchrun("compare", data, *common, "--out", tmp_path / "two", script=script)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    one, two = (read_comparison(tmp_path / name) for name in ("one", "two"))
    assert [network.run for network in one.rounds[0].networks] == [network.run for network in two.rounds[0].networks]
    for here, there in zip(one.rounds[0].networks, two.rounds[0].networks, strict=True):
        assert here.metrics == there.metrics
        for name in here.runs:
            files = [tmp_path / which / name / "predictions.parquet" for which in ("one", "two")]
            assert files[0].read_bytes() == files[1].read_bytes()
    assert one.answer is not None
    assert two.answer is not None
    assert (one.answer.name, one.answer.best, one.answer.probability) == (
        two.answer.name,
        two.answer.best,
        two.answer.probability,
    )
    models = [
        tmp_path / which / one.named.run / "classifier" / "model.safetensors" for which in ("one", "two") if one.named
    ]
    assert models[0].read_bytes() == models[1].read_bytes()
    assert said.count("report.html") <= 1


@pytest.mark.slow
def test_two_processes_compare_two_networks_at_a_time_where_time_is_given(
    make_images: MakeImages, tmp_path: Path, script: Path
) -> None:
    """A heat and a final; and a finished comparison is not trained again."""
    common = ("--models", "lenet5,alexnet_small", "--minutes", "0.5", "--out", tmp_path / "out")
    process = torchrun("compare", make_images(count=26), *common, script=script)
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    result = read_comparison(tmp_path / "out")
    assert [one.kind for one in result.rounds] == ["heat", "final"]
    assert all(not network.failed and network.metrics for one in result.rounds for network in one.networks)
    assert result.answer is not None
    resumed = torchrun("compare", "--resume", tmp_path / "out", script=script)
    said, _ = resumed.communicate(timeout=240)
    assert resumed.returncode == 0, said
    assert read_comparison(tmp_path / "out").rounds == result.rounds
