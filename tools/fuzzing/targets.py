"""What is fuzzed: for each kind of file, whole ones to begin with, and what Leadline does with one."""

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import polars as pl
import tifffile
import torch
from mutations import mutated
from PIL import Image

from leadline.classifier import load
from leadline.data.image import ImageError, read_header, read_image
from leadline.data.loader import Decoded
from leadline.data.manifest import Manifest
from leadline.data.sources.scan import scan
from leadline.evaluation.predictions import Predictions
from leadline.inference.engine import Engine
from leadline.inference.hardware import hardware
from leadline.pretrained import weights
from leadline.results import json_files
from leadline.results.comparison_result import COMPARISON, ComparisonResult, Entrant, NetworkResult, RateTried, Round
from leadline.results.run_metrics import METRICS, Environment, RunMetrics
from leadline.training import checkpoint
from leadline.training.recipe import Recipe
from leadline.training.recipe_files import names, read_settings, recipe_file

Judge = Callable[[bytes], None]  # raises LeadlineError where it refuses a file; any other error is a finding
Mutate = Callable[[bytes, list[bytes], random.Random], bytes]


@dataclass(frozen=True)
class Target:
    corpus: list[bytes]
    judge: Judge
    mutate: Mutate = mutated


def targets(run: Path, work: Path) -> dict[str, Target]:
    """By name; `run` is a finished run, and `work` a folder for files that must have a name."""
    images = {format: Target(files, _image) for format, files in _images().items()}
    predictions = (run / "predictions.parquet").read_bytes()
    tables = {
        f"table .{kind}": Target(corpus, partial(_table, _with_images(work / f"table-{kind}"), f"table.{kind}"))
        for kind, corpus in _tables(run).items()
    }
    return {
        **images,
        **tables,
        "recipe": Target(
            [*(recipe_file(name).read_bytes() for name in names()), (run / "recipe.toml").read_bytes()],
            partial(_in_file, work / "recipe.toml", _recipe),
        ),
        "manifest": Target(
            [(run / "manifest.parquet").read_bytes()], partial(_in_file, work / "manifest.parquet", _manifest)
        ),
        "predictions": Target([predictions], partial(_in_file, work / "predictions.parquet", Predictions.read)),
        "metrics": Target(
            [(run / METRICS).read_bytes()],
            partial(_in_file, work / METRICS, partial(json_files.read, kind=RunMetrics)),
        ),
        "environment": Target(
            [(run / "environment.json").read_bytes()],
            partial(_in_file, work / "environment.json", partial(json_files.read, kind=Environment)),
        ),
        "comparison": Target(
            _comparisons(run), partial(_in_file, work / "compared" / COMPARISON, lambda file: _comparison(file.parent))
        ),
        "classifier.json": Target(
            [(run / "classifier" / "classifier.json").read_bytes()],
            partial(_classifier, _copy(run / "classifier", work / "described"), "classifier.json"),
        ),
        "model.safetensors": Target(
            [(run / "classifier" / "model.safetensors").read_bytes()],
            partial(_classifier, _copy(run / "classifier", work / "weighed"), "model.safetensors"),
        ),
        "weights .pth": Target(_states(), partial(_in_file, work / "state.pth", weights.read), _archive),
        "checkpoint": Target(
            [(run / checkpoint.NAME).read_bytes()],
            partial(_in_file, work / "resumed" / checkpoint.NAME, lambda file: checkpoint.load(file.parent)),
            _archive,
        ),
    }


def _image(content: bytes) -> None:
    try:
        pixels = read_image("image", content=content)
    except ImageError as error:
        if "not enough memory" in str(error):
            raise MemoryError(str(error)) from error
        with suppress(ImageError):
            read_header("image", content=content)  # it must end, too
        raise
    header = read_header("image", content=content)
    assert pixels.shape == (header.channels, header.height, header.width), "the header says another size"
    assert pixels.dtype == header.dtype, "the header says another type"


def _table(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    len(scan(folder / name).usable)


def _recipe(file: Path) -> None:
    read_settings(file)
    Recipe.read(file)


def _manifest(file: Path) -> None:
    manifest = Manifest.read(file)
    len(manifest.usable), manifest.fingerprint, manifest.files()


def _comparison(folder: Path) -> None:
    json_files.as_builtins(json_files.read_comparison(folder))


def _classifier(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    classifier = load(folder)
    how = classifier.preprocessing
    pixels = np.zeros((1, how.size, how.size, how.channels), dtype=how.dtype)
    probabilities, _ = Engine.of(classifier, hardware()).predict([Decoded(pixels, [""])])
    assert probabilities.shape == (1, len(classifier.classes))


def _in_file(file: Path, read: Callable[[Path], object], content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    read(file)


def _archive(content: bytes, others: list[bytes], chance: random.Random) -> bytes:
    """A file of torch.save is a zip with checksums: mostly a member is changed, and packed again."""
    if chance.random() < 0.4:
        return mutated(content, others, chance)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(packed, "w") as new:
        members = old.namelist()
        pickled = [name for name in members if name.endswith("data.pkl")]
        changed = chance.choice(pickled if chance.random() < 0.6 else members)
        for name in members:
            part = old.read(name)
            if name == changed:
                part = mutated(part, [old.read(other) for other in members], chance)
            new.writestr(name, part)
    return packed.getvalue()


def _images() -> dict[str, list[bytes]]:
    """Small files of every format and of every way to store one that differs in what reads it."""
    noise = np.random.default_rng(7).integers(0, 256, (21, 27, 4)).astype(np.uint8)

    def pillow(mode: str, format: str, **options: object) -> bytes:
        file = io.BytesIO()
        Image.fromarray(noise).convert(mode).save(file, format, **options)
        return file.getvalue()

    def tiff(*shape: int, dtype: str = "uint16", **options: object) -> bytes:
        file = io.BytesIO()
        values = np.random.default_rng(7).integers(0, 4096, shape).astype(dtype)
        tifffile.imwrite(file, values, **{"photometric": "minisblack", **options})
        return file.getvalue()

    cyx: dict[str, object] = {"metadata": {"axes": "CYX"}}
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "PNG": [
            *(pillow(mode, "PNG") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
            imagecodecs.png_encode(noise[..., 0].astype(np.uint16) * 200),
            pillow("RGB", "PNG", exif=exif),
        ],
        "JPEG": [
            *(pillow(mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
            pillow("RGB", "JPEG", progressive=True, exif=exif),
            pillow("L", "JPEG", quality=20, restart_marker_blocks=2),
        ],
        "BMP": [pillow(mode, "BMP") for mode in ("1", "L", "P", "RGB")],
        "GIF": [pillow(mode, "GIF") for mode in ("L", "P")],
        "WebP": [*(pillow(mode, "WEBP") for mode in ("RGB", "RGBA")), pillow("RGBA", "WEBP", lossless=True)],
        "TIFF": [
            *(tiff(21, 27, compression=kind) for kind in (None, "zlib", "lzw", "zstd", "packbits", "lzma", "jpegxl")),
            tiff(21, 27, dtype="uint8", compression="jpeg"), tiff(21, 27, compression="jpeg2000"),
            *(tiff(3, 21, 27, compression=kind, **cyx) for kind in (None, "zlib")),
            tiff(3, 21, 27, ome=True, **cyx), tiff(3, 21, 27, imagej=True, photometric=None, **cyx),
            tiff(40, 50, compression="zlib", tile=(16, 16), predictor=True),
            tiff(3, 21, 27, planarconfig="separate", bigtiff=True), tiff(3, 21, 27, metadata=None),
            tiff(21, 27, dtype="float32"), tiff(21, 27, dtype="int16", byteorder=">"),
        ],
    }  # fmt: skip


def _tables(run: Path) -> dict[str, list[bytes]]:
    text = "path,label,group,split\n0.png,a,g1,train\n1.png,b,g2,test\n2.png,a,,validation\n3.png,b,g2,\n"
    channels = 'path:x,path:y,label\n0.png,1.png,a\n"2.png",3.png,"b ""q"""\n'
    file = io.BytesIO()
    pl.read_csv(text.encode()).write_parquet(file)
    return {
        "csv": [text.encode(), text.replace(",", ";").encode("utf-16"), channels.encode("utf-8-sig")],
        "tsv": [text.replace(",", "\t").encode(), text.replace(",", "\t").replace("\n", "\r\n").encode()],
        "parquet": [file.getvalue(), (run / "manifest.parquet").read_bytes()],
    }


def _with_images(folder: Path) -> Path:
    folder.mkdir()
    for number in range(4):
        Image.fromarray(np.full((8, 8), 50 * number, np.uint8)).save(folder / f"{number}.png")
    return folder


def _comparisons(run: Path) -> list[bytes]:
    """A comparison that has not begun its second round, as Leadline writes it."""
    metrics = json_files.read(run / METRICS, RunMetrics)
    network = NetworkResult(
        name="lenet5", family="LeNet", year=1998, depth=5, deviates="", parameters=61706, multiply_adds=416520,
        size=32, steps=3, epochs=1.0, learning_rate=0.001, batch_size=32, run="heat/lenet5", runs=("heat/lenet5",),
        rates_tried=(RateTried(0.001, "heat/lenet5"),),
        metrics={"validation": metrics.validation} if metrics.validation else {},
    )  # fmt: skip
    part = Round("heat", networks=(network,), entrants=(Entrant("lenet5", "lenet5"),), folder="heat")
    result = ComparisonResult(
        data="images", command="leadline compare images", created="2026-01-01", margin=0.01, rounds=(part,)
    )
    return [json.dumps(json_files.as_builtins(result)).encode()]


def _states() -> list[bytes]:
    file = io.BytesIO()
    torch.save({"state_dict": {"a.weight": torch.zeros(3, 4), "a.bias": torch.ones(3)}}, file)
    return [file.getvalue()]


def _copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to
