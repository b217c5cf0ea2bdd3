"""From a module of torch to the file of another runtime. The batch may be of any size in each of them."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from leadline.errors import LeadlineError
from leadline.exporters.deployed import Deployed
from leadline.inference import compiled
from leadline.inference.runtimes import refuse_missing

# What `compiled.to_onnx` writes.
OPSET = 18


def onnx_bytes(module: Deployed, images: Tensor, beside: Path) -> bytes:
    """`module` as one ONNX file. `images` are an example of at least two; `beside` names files that may be written."""
    refuse_missing("onnx")
    file = beside.with_suffix(".onnx.part")
    try:
        with _quiet("ONNX"):
            compiled.to_onnx(module.eval(), images, file, outputs=module.outputs)
        return file.read_bytes()
    finally:
        file.unlink(missing_ok=True)


def write_openvino_ir(module: Deployed, images: Tensor, file: Path) -> None:
    """`module` as OpenVINO's `file` (.xml) and weights (.bin) beside it."""
    refuse_missing("openvino")
    with _quiet("OpenVINO"):
        compiled.to_openvino(module.eval(), images, file, outputs=module.outputs)


def to_torch(module: Deployed, images: Tensor) -> torch.export.ExportedProgram:
    """`module` as a graph that torch.export.save writes as .pt2."""
    with _quiet("torch.export"):
        return torch.export.export(
            module.eval(), (images,), dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}}
        )


@contextlib.contextmanager
def _quiet(format: str) -> Iterator[None]:
    """Converters print what they do, log what they would do otherwise, and raise whatever they meet."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with torch.no_grad(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except OSError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise LeadlineError(f"{format}: this network cannot be converted ({type(error).__name__}: {reason})") from error
    finally:
        logging.disable(previous)
