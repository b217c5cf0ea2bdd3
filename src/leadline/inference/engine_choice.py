"""Which engine computes a prediction: the fastest one that gives the same answers as PyTorch.

A compiled network is believed only after both have predicted images of the run, and as good as all answers were equal.
What that found is kept beside the compiled network.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from leadline.classifier import Classifier
from leadline.data.channel_files import Files
from leadline.data.loader import Decoded, files
from leadline.errors import LeadlineError, UsageError
from leadline.inference.compiled import Compiled, compile_once, compiled_in, failed_before
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.inference.runtimes import AnyPrecision, EngineName, Precision, Runtime, installed, refuse_missing
from leadline.writing import in_one_piece

EQUAL = 0.995  # of the answers at least
IMAGES = 256  # that are compared at most
FEWEST = 30
# With fewer images to predict, compiling and comparing take longer than they save.
WORTH = 500
TURNS, TIMED = 5, 64  # in which speeds are measured, on so many images


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """How a compiled network compares with PyTorch on images of the run."""

    engine: str
    precision: str
    images: int
    equal: float  # share of the images with the same answer
    largest_difference: float  # of a probability
    speed: float  # times PyTorch's, on this machine

    @property
    def believed(self) -> bool:
        return self.images >= FEWEST and self.equal >= EQUAL


@dataclass(frozen=True)
class Chosen:
    """The engine that predicts, and why it does, in words."""

    engine: Engine
    said: str


def choose_engine(
    classifier: Classifier,
    folder: Path,
    *,
    engine: EngineName = "auto",
    precision: AnyPrecision = "auto",
    images: int,
    reference: Callable[[], Sequence[Files]],
) -> Chosen:
    """The engine for so many images. `folder` is the classifier's; `reference` gives the run's own images, and is
    called where an engine has not been verified yet; the first of them are taken. With "auto", whatever stands in the
    way is a reason to take PyTorch; an engine that was named must be there, and be believed, or LeadlineError says why
    it is not."""
    machine = hardware()
    chosen: Precision = machine.precision if precision == "auto" else precision  # type: ignore[assignment]
    plain = Engine.of(classifier, replace(machine, precision=chosen))
    if engine == "torch" or machine.device != "cpu":
        return Chosen(plain, f"PyTorch in {chosen} on {machine.device}")
    if engine == "onnx" and precision == "bf16":
        raise UsageError("--engine onnx computes in fp32 alone; leave out --precision, or take another engine")
    if engine != "auto":
        compiled, verified = _verified(plain, folder, engine, _of(engine, chosen), reference)
        return Chosen(replace(plain, compiled=compiled), in_words(verified))
    reasons = []
    for runtime in installed():
        own = _of(runtime, chosen)
        if (runtime == "onnx" and precision == "bf16") or (images < WORTH and not _known(folder, runtime, own)):
            continue
        if failed := failed_before(folder, runtime):
            reasons.append(failed)
            continue
        try:
            compiled, verified = _verified(plain, folder, runtime, own, reference)
        except LeadlineError as error:
            reasons.append(str(error))
            continue
        if verified.speed > 1:
            return Chosen(replace(plain, compiled=compiled), in_words(verified))
        reasons.append(f"{runtime} is no faster here")
    return Chosen(plain, "; ".join([f"PyTorch in {chosen}", *reasons]))


def _of(runtime: Runtime, precision: Precision) -> Precision:
    """The precision that the runtime computes in where this one would be best: ONNX Runtime knows fp32 alone."""
    return "fp32" if runtime == "onnx" else precision


def in_words(verified: Verified) -> str:
    return (
        f"{verified.engine} in {verified.precision}, {verified.speed:.1f} times as fast as PyTorch; on "
        f"{verified.images} images of the run {verified.equal:.1%} of the answers are the same, and probabilities "
        f"differ by {verified.largest_difference:.2g} at most"
    )


def _file(folder: Path, runtime: Runtime, precision: Precision) -> Path:
    return compiled_in(folder, runtime) / f"verified-{precision}.json"


def _known(folder: Path, runtime: Runtime, precision: Precision) -> Verified | None:
    try:
        return msgspec.json.decode(_file(folder, runtime, precision).read_bytes(), type=Verified)
    except (OSError, msgspec.DecodeError):
        return None


def _verified(
    plain: Engine, folder: Path, runtime: Runtime, precision: Precision, reference: Callable[[], Sequence[Files]]
) -> tuple[Compiled, Verified]:
    """LeadlineError where it cannot be compiled, or gives other answers."""
    refuse_missing(runtime)
    verified = _known(folder, runtime, precision)
    images = [] if verified else _there(runtime, reference())
    compiled = Compiled.load(compile_once(folder, runtime), runtime, precision)
    if verified is None:
        verified = _compare(plain, compiled, images)
        with in_one_piece(_file(folder, runtime, precision), shared=True) as temporary:
            temporary.write_bytes(msgspec.json.encode(verified))
    if not verified.believed:
        raise LeadlineError(
            f"{runtime} in {precision}: gives only {verified.equal:.1%} of {verified.images} images the answer that "
            f"PyTorch gives, and {EQUAL:.1%} are asked for"
        )
    return compiled, verified


def _there(runtime: Runtime, images: Sequence[Files]) -> list[Files]:
    """The first IMAGES that still lie where they did; LeadlineError where they are too few to verify a runtime on."""
    there = (image for image in images if all(file.is_file() for file in image))
    found = list(islice(there, IMAGES))
    _refuse_few(runtime, len(found))
    return found


def _refuse_few(runtime: Runtime, images: int) -> None:
    if images < FEWEST:
        raise LeadlineError(
            f"{runtime}: cannot be verified, which takes {FEWEST} of the images that the run was made with, "
            f"and {images} can be read"
        )


def _compare(plain: Engine, compiled: Compiled, images: Sequence[Files]) -> Verified:
    batches = list(files(images, plain.preprocessing, batch_size=TIMED))
    readable = np.array([not error for batch in batches for error in batch.errors], dtype=bool)
    _refuse_few(compiled.runtime, int(readable.sum()))
    other = replace(plain, compiled=compiled)
    known, found = (engine.predict(batches)[0][readable] for engine in (plain, other))
    some = max(batches, key=lambda batch: len(batch.pixels))
    seconds = _seconds((plain, other), some)
    return Verified(
        engine=compiled.runtime,
        precision=compiled.precision,
        images=len(found),
        equal=float((found.argmax(axis=1) == known.argmax(axis=1)).mean()),
        largest_difference=float(np.abs(found - known).max()),
        speed=seconds[0] / seconds[1],
    )


def _seconds(engines: Sequence[Engine], batch: Decoded) -> list[float]:
    """Of one batch by each engine, at its best of several turns in turn: other programs disturb some of them."""
    best = [math.inf] * len(engines)
    for turn in range(1 + TURNS):  # the first warms up
        for number, engine in enumerate(engines):
            started = time.perf_counter()
            engine.predict([batch])
            if turn:
                best[number] = min(best[number], time.perf_counter() - started)
    return best
