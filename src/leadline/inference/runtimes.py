"""The names of what computes predictions, and what has to be installed for each."""

from importlib.util import find_spec
from typing import Literal

from leadline.errors import UsageError

EngineName = Literal["auto", "torch", "openvino", "onnx"]
AnyPrecision = Literal["auto", "fp32", "bf16", "int8"]
Runtime = Literal["openvino", "onnx"]  # for which a network is compiled
Precision = Literal["fp32", "bf16", "int8"]
# What converts a network for each, and runs it: the fastest runtime first, and its own package before the others.
PACKAGES: dict[Runtime, tuple[str, ...]] = {
    "openvino": ("openvino",),
    "onnx": ("onnxruntime", "onnx", "onnxscript"),
}
QUANTIZER = "nncf"  # makes OpenVINO's int8


def installed() -> list[Runtime]:
    """The runtimes that there are here, the fastest first."""
    return [runtime for runtime in PACKAGES if not _missing(runtime)]


def refuse_missing(runtime: Runtime, precision: Precision = "fp32") -> None:
    """UsageError where a package of the runtime, or of this precision of it, is not installed."""
    if missing := _missing(runtime):
        raise UsageError(f"{runtime}: needs {', '.join(missing)}; pip install 'leadline[{runtime}]'")
    if precision == "int8" and find_spec(QUANTIZER) is None:
        raise UsageError(f"int8: needs {QUANTIZER}; pip install 'leadline[int8]'")


def _missing(runtime: Runtime) -> list[str]:
    return [package for package in PACKAGES[runtime] if find_spec(package) is None]
