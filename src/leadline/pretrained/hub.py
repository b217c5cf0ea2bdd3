"""Safetensors on the Hugging Face hub, and what timm and transformers state beside them in their config.json."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from leadline.errors import LeadlineError, UsageError
from leadline.pretrained.torchvision_files import ELSEWHERE, Pretrained

HUB = "hf:"
# transformers describes a ResNet by its blocks; their stride is in the 3×3, or else as in the paper.
RESNETS = {
    ("basic", (2, 2, 2, 2)): "resnet18",
    ("basic", (3, 4, 6, 3)): "resnet34",
    ("bottleneck", (3, 4, 6, 3)): "resnet50",
    ("bottleneck", (3, 4, 23, 3)): "resnet101",
    ("bottleneck", (3, 8, 36, 3)): "resnet152",
}
INTERPOLATIONS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic"}  # Pillow's numbers, which transformers saves


def from_hub(name: str, text: str) -> tuple[Path, Pretrained]:
    """The file that hf:OWNER/NAME[@REVISION][/FILE.safetensors] names, in the hub's own cache, and what is known of it.

    Raises UsageError where its config.json says that it is of another network than `name`, and LeadlineError where it
    cannot be had.
    """
    owner, _, rest = text.removeprefix(HUB).partition("/")
    repository, _, inside = rest.partition("/")
    repository, _, revision = repository.partition("@")
    inside = inside or "model.safetensors"
    if not owner or not repository or not inside.endswith(".safetensors"):
        raise UsageError(f"{name}: weights={text!r}: expected hf:OWNER/NAME[@REVISION][/FILE.safetensors]")
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError
    except ImportError:
        raise LeadlineError(f"{text}: needs the package huggingface_hub: pip install 'leadline[hub]'") from None

    def fetch(file: str) -> Path:
        return Path(hf_hub_download(f"{owner}/{repository}", file, revision=revision or None))

    def settings(file: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(fetch(file).read_text("utf-8"))
        except EntryNotFoundError:
            return {}
        return found

    try:
        config = settings("config.json")
        known = _of_transformers(config, settings) if config.get("model_type") == "resnet" else _of_timm(config)
        if known.architecture not in ("", name):
            raise UsageError(
                f"{name}: {text} holds weights of {known.architecture}, which is another network; ask for that"
            )
        file = fetch(inside)
    except LeadlineError:
        raise
    except Exception as error:  # its versions differ in what they raise, and so do the libraries beneath it
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        raise LeadlineError(f"{text}: could not be had from the Hugging Face hub ({reason})") from error
    return file, replace(known, architecture=name, source=text, file_bytes=file.stat().st_size)


def _of_timm(config: dict[str, Any]) -> Pretrained:
    stated = config.get("pretrained_cfg") or {}
    crop, share = (stated.get("input_size") or [None])[-1], stated.get("crop_pct")
    theirs = config.get("architecture") or ""
    return Pretrained(
        architecture=ELSEWHERE.get(theirs, theirs),
        source="",
        resize=math.floor(crop / share) if crop and share else None,
        crop=crop,
        interpolation=stated.get("interpolation"),
        mean=tuple(stated["mean"]) if "mean" in stated else None,
        std=tuple(stated["std"]) if "std" in stated else None,
    )


def _of_transformers(config: dict[str, Any], settings: Callable[[str], dict[str, Any]]) -> Pretrained:
    theirs = RESNETS.get((config["layer_type"], tuple(config["depths"])), "a ResNet of its own")
    images = settings("preprocessor_config.json")
    size = images.get("size")
    crop = size.get("shortest_edge") if isinstance(size, dict) else size
    share = images.get("crop_pct")
    return Pretrained(
        architecture=theirs if config.get("downsample_in_bottleneck") else ELSEWHERE.get(theirs, theirs),
        source="",
        resize=int(crop / share) if crop and share else None,
        crop=crop,
        interpolation=INTERPOLATIONS.get(images.get("resample", -1)),
        mean=tuple(images["image_mean"]) if "image_mean" in images else None,
        std=tuple(images["image_std"]) if "image_std" in images else None,
    )
