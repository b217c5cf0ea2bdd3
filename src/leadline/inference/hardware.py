"""What this machine computes with: the device, the precision, and what to write down about both."""

import os
import platform
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import torch

from leadline import __version__
from leadline.inference.revision import revision, source_hash
from leadline.results.run_metrics import Environment, HardwareRecord


@dataclass(frozen=True)
class Hardware:
    """Where and how a network runs. Equal hardware and equal seeds give equal bits."""

    device: str  # "cpu", "cuda" or "mps"
    precision: str  # "bf16" (autocast) or "fp32"
    threads: int
    processor: str
    instructions: str  # the widest set that torch uses on the CPU

    def autocast(self) -> torch.autocast:
        """The context in which forward passes run."""
        return torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16")


@cache
def hardware(device: str | None = None, precision: str | None = None) -> Hardware:
    """The device and precision named, or the best that there are: bf16 where its instructions exist, else fp32."""
    chosen = device or _best_device()
    return Hardware(
        device=chosen,
        precision=precision or ("bf16" if _has_bf16(chosen) else "fp32"),
        threads=torch.get_num_threads(),
        processor=_processor_name() if chosen != "cuda" else torch.cuda.get_device_name(),
        instructions=torch.backends.cpu.get_cpu_capability(),
    )


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _has_bf16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # Without bf16 instructions oneDNN emulates them, slower than fp32.
    return device == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def environment() -> Environment:
    """Versions and machine, for `environment.json`; `revision` is None where it is not known."""
    from importlib.metadata import version

    packages = ("torch", "torchvision", "numpy", "pillow", "polars", "scikit-learn")
    return Environment(
        python=platform.python_version(),
        system=platform.platform(),
        cores=os.cpu_count(),
        packages={"leadline": __version__, **{name: version(name) for name in packages}},
        revision=revision(),
        source_sha256=source_hash(),
        hardware=HardwareRecord(**asdict(hardware())),
    )
