"""A compiled network in 8-bit integers, by NNCF: OpenVINO's own tool. Runs as a process of its own, as compiling does.

    python -m leadline.inference.int8 model.xml images.npy int8.xml

The ranges of its values are taken from `images.npy`, normalised images (images, channels, height, width).
"""

import os
import sys
from pathlib import Path


def quantize(model: Path, images: Path, out: Path) -> None:
    """Write `model` (OpenVINO's .xml) with 8-bit weights and activations as `out` and weights beside it."""
    os.environ["NNCF_CI"] = "1"  # nothing is told to its makers
    import nncf
    import numpy as np
    import openvino

    values = np.load(images, mmap_mode="r")
    single = nncf.Dataset([values[row : row + 1] for row in range(len(values))])
    quantized = nncf.quantize(openvino.Core().read_model(model), single, subset_size=len(values))
    new = out.with_name("new.xml")
    openvino.save_model(quantized, new, compress_to_fp16=False)
    new.with_suffix(".bin").replace(out.with_suffix(".bin"))
    new.replace(out)


if __name__ == "__main__":
    quantize(*map(Path, sys.argv[1:4]))
