"""SIGINT and SIGTERM in every phase of a training: one line that says how to go on, and going on changes no bit."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leadline import cli
from leadline.training.run_folder import Run

from ..conftest import MakeImages

# Phase → what is called in it; the first ones come before there is a run to go on with.
PHASES = {
    "scan": "leadline.training.plan.scan",
    "begin": "leadline.verbs.train.begin",
    "check": "leadline.verbs.check.audit",
    "decode": "leadline.data.cache.ImageCache._as_examined",
    "train": "leadline.training.loop.update",
    "validate": "leadline.training.data.TrainingData.validate",
    "conclude": "leadline.training.training.measure",
    "classifier": "leadline.classifier.save_file",
    "report": "leadline.verbs.train.write_run_report",
    "card": "leadline.verbs.train.write_model_card",
}
BEFORE_A_RUN = ("scan", "begin")


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def called(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["leadline", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def signalling(real: Callable[..., Any], number: signal.Signals, times: list[int]) -> Callable[..., Any]:
    """The same, but for the first call, in which the signal comes."""

    def function(*arguments: Any, **options: Any) -> Any:
        times.append(1)
        if len(times) == 1:
            signal.raise_signal(number)
        return real(*arguments, **options)

    return function


def resolved(name: str) -> Any:
    import importlib

    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise AssertionError(name)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_in_any_phase_says_how_to_go_on(
    make_images: MakeImages,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    phase: str,
    number: signal.Signals,
) -> None:
    data, out = make_images(count=15), tmp_path / "run"
    common = (
        "--model",
        "lenet5",
        "--epochs",
        "2",
        "--size",
        32 + 2 * list(PHASES).index(phase) + (number == signal.SIGINT),
    )
    times: list[int] = []
    with monkeypatch.context() as patched:
        patched.setattr(PHASES[phase], signalling(resolved(PHASES[phase]), number, times))
        assert called(monkeypatch, "train", data, *common, "--out", out) == cli.INTERRUPTED
    assert times
    last = capsys.readouterr().err.strip().splitlines()[-1]
    if phase in BEFORE_A_RUN:
        assert last == "leadline: interrupted"
        assert not (out / "recipe.toml").exists()
        return
    assert last == f"leadline: interrupted; go on with: leadline train --resume {out}"
    assert called(monkeypatch, "train", "--resume", out) == cli.DONE
    assert called(monkeypatch, "train", data, *common, "--out", tmp_path / "whole") == cli.DONE
    models = [run / "classifier" / "model.safetensors" for run in (out, tmp_path / "whole")]
    assert models[0].read_bytes() == models[1].read_bytes()
    assert Run(out).metrics.test == Run(tmp_path / "whole").metrics.test
    assert (out / "report.html").is_file()
    assert (out / "MODEL_CARD.md").is_file()
