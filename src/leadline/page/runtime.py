"""Where onnxruntime-web's files are, which an exported page carries: in this package, or in a folder that is named."""

from dataclasses import dataclass
from pathlib import Path

from leadline.errors import LeadlineError

FOLDER = Path(__file__).parent / "runtime"
MODULE, WASM = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"


@dataclass(frozen=True)
class Runtime:
    module: bytes  # JavaScript
    wasm: bytes


def find_runtime(folder: Path | None = None) -> Runtime:
    """The runtime in `folder`, or in the package; LeadlineError, with the way to it, where it is not there."""
    home = folder or FOLDER
    try:
        return Runtime((home / MODULE).read_bytes(), (home / WASM).read_bytes())
    except OSError:
        way_out = (
            "name the dist folder of the npm package onnxruntime-web"
            if folder
            else "fetch it with: make runtime (in the source tree), or unpack the npm package onnxruntime-web and name "
            "its dist folder with --runtime"
        )
        raise LeadlineError(f"{home}: lacks {MODULE} or {WASM}, with which the page computes; {way_out}") from None
