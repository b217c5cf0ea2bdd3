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
from leadline.export.deployed import Deployed

OPSET = 18


def to_onnx(module: Deployed, images: Tensor, file: Path) -> None:
    """Write `module` as ONNX, all in one file. `images` is an example of at least two."""
    try:
        import onnxscript  # noqa: F401
    except ImportError:
        raise LeadlineError("ONNX needs two more packages; install them with: pip install 'leadline[onnx]'") from None
    with _quiet():
        torch.onnx.export(
            module.eval(),
            (images,),
            file,
            input_names=["images"],
            output_names=list(module.outputs),
            dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}},
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def to_torch(module: Deployed, images: Tensor) -> torch.export.ExportedProgram:
    """`module` as a graph that torch.export.save writes as .pt2."""
    with _quiet():
        return torch.export.export(
            module.eval(), (images,), dynamic_shapes={"images": {0: torch.export.Dim("batch", min=1)}}
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters print what they do, and log what they would do otherwise."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with torch.no_grad(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)
