"""`create_model(name, weights=…)`: from what a person names (a tag, the hub, a file) to parameters in the network."""

import hashlib
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from leadline.errors import LeadlineError, UsageError
from leadline.pretrained.adapt import State, fitted, per_channel
from leadline.pretrained.fetch import download
from leadline.pretrained.hub import HUB, from_hub
from leadline.pretrained.torchvision_files import ELSEWHERE, Pretrained, file_name, mirrored, tags, torchvision_weights
from leadline.progress import ON_STDERR, Progress

# What a training script may have saved the parameters under, beside an optimiser and the like.
INSIDE = ("state_dict", "model")
IMAGENET = "imagenet"


def with_weights(
    build: Callable[..., nn.Module],
    weights: str | Path,
    *,
    name: str,
    num_classes: int,
    in_channels: int,
    progress: Progress = ON_STDERR,
) -> nn.Module:
    """The network `build(num_classes=…, in_channels=…)`, `name` in the catalogue, filled with what `weights` names.

    What is known of them then stands in `model.pretrained`, and what was changed is noted.
    """
    state, known = locate(name, weights, progress=progress)
    model = build(num_classes=num_classes, in_channels=in_channels)
    state, changes = fitted(
        state, build, num_classes=num_classes, in_channels=in_channels, source=str(weights), name=name
    )
    model.load_state_dict(state, strict=False)  # `fitted` was strict
    known = replace(
        known,
        mean=per_channel(known.mean, in_channels),
        std=per_channel(known.std, in_channels),
        notes=(*known.notes, *changes),
    )
    object.__setattr__(model, "pretrained", known)  # a module's own way keeps parameters and modules apart
    for note in known.notes:
        progress.note(f"{name}: {note}")
    return model


def known_of(
    build: Callable[..., nn.Module], weights: str | Path, *, name: str, in_channels: int, progress: Progress
) -> Pretrained:
    """What is known of the weights that `weights` names for the network `name`; they are fetched, read, and refused
    where they do not fit it."""
    state, known = locate(name, weights, progress=progress)
    fitted(state, build, num_classes=2, in_channels=in_channels, source=str(weights), name=name)
    return known


def is_path(weights: str | Path) -> bool:
    """Whether `weights` names something on this machine, whatever lies there, and not a tag or the hub."""
    text = str(weights)
    return not (text == IMAGENET or text.startswith((f"{IMAGENET}:", HUB)))


def network_in(weights: str | Path) -> str | None:
    """The network whose weights a run folder, or the `classifier/` folder in it, holds; None where it is none."""
    try:
        return str(json.loads((_home(Path(weights)) / "classifier.json").read_text("utf-8"))["architecture"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def weights_of(model: nn.Module) -> Pretrained | None:
    """What is known of the weights that `create_model` gave to `model`; None where it gave none."""
    known = getattr(model, "pretrained", None)
    return known if isinstance(known, Pretrained) else None


def locate(name: str, weights: str | Path, *, progress: Progress) -> tuple[State, Pretrained]:
    """The parameters that `weights` names, under the names they have there, and what is known of them."""
    text, path = str(weights), Path(weights)
    if text.startswith(HUB):
        file, of_hub = from_hub(name, text)
        return read(file), _measured(of_hub, file)
    if not is_path(weights):
        return _from_torchvision(name, text, progress=progress)
    if path.is_dir():
        return _from_classifier(name, path)
    if not path.is_file():
        expected = "imagenet, imagenet:TAG, hf:OWNER/NAME or a file that exists"
        raise UsageError(f"{name}: weights={text!r}: no such file; expected {expected}")
    _refuse_variant(name, path)
    known = next((one for one in torchvision_weights(name).values() if file_name(one) == path.name), None)
    known = replace(known or Pretrained(architecture=name, source=text), source=text)
    return read(path), _measured(known, path)


def read(file: Path) -> State:
    """The tensors by name in a .safetensors, .pth or .pt file; nothing in it is ever executed. LeadlineError if not."""
    suffix = file.suffix.lower()
    if suffix not in (".safetensors", ".pth", ".pt"):
        raise LeadlineError(f"{file}: weights are read from .safetensors, .pth and .pt files")
    try:
        if suffix == ".safetensors":
            return load_file(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        named = re.search(r"GLOBAL (\S+)", str(error))
        raise LeadlineError(
            f"{file}: holds more than tensors{f' ({named[1]})' if named else ''}, and reading that could run any "
            "program, so it was not read; ask for a .safetensors file, or for the state dict alone"
        ) from error
    except Exception as error:  # whatever a damaged file leads the readers to
        raise LeadlineError(f"{file}: cannot be read as {suffix} ({_reason(error)}); copy it again") from error
    for key in INSIDE:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content:
        raise LeadlineError(f"{file}: holds no state dict but {type(content).__name__}; save model.state_dict()")
    for key, values in content.items():
        if not isinstance(key, str) or not isinstance(values, torch.Tensor):
            raise LeadlineError(f"{file}: {key!r} is {type(values).__name__} and no tensor; save model.state_dict()")
    return dict(content)


def _from_torchvision(name: str, text: str, *, progress: Progress) -> tuple[State, Pretrained]:
    variants = torchvision_weights(name)
    if not variants and name in ELSEWHERE:
        variant = ELSEWHERE[name]
        raise UsageError(
            f"{name}: these weights are of another network, its variant {variant}; create_model({variant!r}, "
            f"weights={text!r}) has them"
        )
    if not variants:
        raise UsageError(f"{name}: there are no {text} weights for it; `leadline models --pretrained` lists those")
    known = next(iter(variants.values())) if text == IMAGENET else variants.get(text.lower())
    if known is None:
        raise UsageError(f"{name}: there are no {text} weights for it, but {', '.join(tags(name))}")
    # Where torch hub keeps them, so that a file is downloaded once for all programs.
    file = Path(torch.hub.get_dir(), "checkpoints", file_name(known))
    file = download(mirrored(known.url), file, sha256=known.sha256, progress=progress)
    return read(file), _measured(known, file)


def _from_classifier(name: str, folder: Path) -> tuple[State, Pretrained]:
    """A run folder of Leadline, or the `classifier/` folder in it."""
    home = _home(folder)
    try:
        described = json.loads((home / "classifier.json").read_text("utf-8"))
        architecture, preprocessing = described["architecture"], described["preprocessing"]
        mean, std, size = tuple(preprocessing["mean"]), tuple(preprocessing["std"]), int(preprocessing["size"])
        scaling = f"{preprocessing['dtype']} {preprocessing.get('intensity', 'dtype')}"
    except FileNotFoundError:
        raise LeadlineError(f"{folder}: holds no finished classifier to take the weights of") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise LeadlineError(f"{home / 'classifier.json'}: is damaged ({_reason(error)})") from error
    if architecture != name:
        raise UsageError(f"{name}: {folder} holds weights of {architecture}, which is another network; ask for that")
    file = home / "model.safetensors"
    known = Pretrained(
        architecture=name, source=str(folder), resize=size, crop=size, mean=mean, std=std, scaling=scaling
    )
    return read(file), _measured(known, file)


def _home(folder: Path) -> Path:
    return folder / "classifier" if (folder / "classifier").is_dir() else folder


def _measured(known: Pretrained, file: Path) -> Pretrained:
    """`known` with the size and the hash of a file on this machine."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return replace(known, file_bytes=file.stat().st_size, sha256=digest)


def _refuse_variant(name: str, file: Path) -> None:
    """resnet50 and its variant have equal parameters: only the file's name can tell that they were trained in it."""
    variant = ELSEWHERE.get(name, name)
    if variant != name and file.name in {file_name(one) for one in torchvision_weights(variant).values()}:
        raise UsageError(f"{name}: {file} holds torchvision's weights of its variant {variant}; ask for that")


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return " ".join(lines[0].split())[:200] if lines else type(error).__name__
