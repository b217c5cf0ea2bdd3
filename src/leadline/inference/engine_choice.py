"""Which engine computes a prediction: the fastest whose answers were seen to be PyTorch's (inference.engine_trial)."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from leadline.classifier import Classifier
from leadline.errors import LeadlineError, UsageError
from leadline.inference.compiled import Compiled, failed_before
from leadline.inference.engine import Engine
from leadline.inference.engine_trial import Reference, Trial
from leadline.inference.hardware import hardware
from leadline.inference.runtimes import AnyPrecision, EngineName, Precision, Runtime, installed

# With fewer images to predict, compiling and comparing take longer than they save.
WORTH = 500


@dataclass(frozen=True)
class Chosen:
    """The engine that predicts, and why it does, in words."""

    engine: Engine
    said: str

    @property
    def runtime(self) -> EngineName:
        """Its name, by which it can be asked for."""
        return self.engine.compiled.runtime if isinstance(self.engine.compiled, Compiled) else "torch"

    @property
    def precision(self) -> AnyPrecision:
        """The precision, by which it can be asked for."""
        compiled = self.engine.compiled
        precision = compiled.precision if isinstance(compiled, Compiled) else self.engine.hardware.precision
        return cast("AnyPrecision", precision)


def choose_engine(
    classifier: Classifier,
    folder: Path,
    *,
    engine: EngineName = "auto",
    precision: AnyPrecision = "auto",
    images: int,
    reference: Reference,
) -> Chosen:
    """The engine for so many images. `folder` is the classifier's; an engine that has not been tried yet is, on images
    of `reference`. With "auto", whatever stands in the way is a reason to take another; an engine that was named must
    be there, and be believed, or LeadlineError says why it is not."""
    if engine in ("torch", "onnx") and precision == "int8":
        raise UsageError(f"--engine {engine} does not compute in int8, as OpenVINO does; leave out --engine")
    if engine == "onnx" and precision == "bf16":
        raise UsageError("--engine onnx computes in fp32 alone; leave out --precision, or take another engine")
    machine = hardware()
    usual: Precision = machine.precision if precision in ("auto", "int8") else precision  # type: ignore[assignment]
    plain = replace(Engine.of(classifier, replace(machine, precision=usual)), novelty=classifier.novelty)
    if engine == "torch" or machine.device != "cpu":
        return Chosen(plain, f"PyTorch in {usual} on {machine.device}")
    trial = Trial(classifier, folder, plain, reference)
    if engine != "auto":
        compiled, verified = trial.passed(engine, "int8" if precision == "int8" else _of(engine, usual))
        return Chosen(replace(plain, compiled=compiled), verified.in_words())
    reasons = []
    for runtime, own in _ways(precision, usual):
        if images < WORTH and not trial.known(runtime, own):
            continue
        try:
            if failed := failed_before(folder, runtime, own):
                raise LeadlineError(failed)
            compiled, verified = trial.passed(runtime, own)
        except LeadlineError as error:
            reasons.append(str(error))
            continue
        if verified.speed > 1:
            return Chosen(replace(plain, compiled=compiled), "; ".join([verified.in_words(), *reasons]))
        reasons.append(f"{runtime} in {own} is no faster here")
    return Chosen(plain, "; ".join([f"PyTorch in {usual}", *reasons]))


def _ways(precision: AnyPrecision, usual: Precision) -> list[tuple[Runtime, Precision]]:
    """What "auto" tries, in this order."""
    ways: list[tuple[Runtime, Precision]] = [("openvino", "int8")] if precision == "int8" else []
    return ways + [(known, _of(known, usual)) for known in installed() if known != "onnx" or precision != "bf16"]


def _of(runtime: Runtime, precision: Precision) -> Precision:
    """The precision that the runtime computes in where this one would be best: ONNX Runtime knows fp32 alone."""
    return "fp32" if runtime == "onnx" else precision
