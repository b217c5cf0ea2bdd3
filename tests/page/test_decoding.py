"""What the page decodes and resizes is, value for value, what training and prediction see."""

import base64
import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from leadline.data.image import read_image
from leadline.data.preprocessing import Preprocessing
from leadline.errors import LeadlineError
from leadline.page import assemble

playwright = pytest.importorskip("playwright", reason="its driver brings Node.js")

HEIGHT, WIDTH = 117, 93
# To a quarter and an eighth for a JPEG, to no even fraction, and larger than it was.
SIZES = (12, 50, 130)
RUN = """
import fs from "fs";
import { asInput, decode, inChannels, workingSize } from "./preprocess.js";
const answers = [];
for (const { file, how } of JSON.parse(fs.readFileSync("cases.json"))) {
  try {
    const image = inChannels(await decode(new Uint8Array(fs.readFileSync(file)), how), how);
    answers.push({ pixels: Buffer.from(asInput(workingSize(image, how)).buffer).toString("base64") });
  } catch (error) {
    if (error.constructor.name !== "ImageError") throw error;
    answers.push({ error: error.message });
  }
}
fs.writeFileSync("answers.json", JSON.stringify(answers));
"""

Case = tuple[Path, Preprocessing]


def node() -> str:
    from playwright._impl._driver import compute_driver_executable

    return compute_driver_executable()[0]


@pytest.fixture
def decoded(tmp_path: Path) -> Callable[[list[Case]], list[dict[str, str]]]:
    """Runs the page's modules over files, without a browser."""

    def run(cases: list[Case]) -> list[dict[str, str]]:
        modules = Path(str(assemble.files("leadline.page"))) / "js"
        shutil.copytree(modules, tmp_path, dirs_exist_ok=True)
        (tmp_path / "package.json").write_text('{"type": "module"}')
        listed = [{"file": str(file), "how": how.to_dict()} for file, how in cases]
        (tmp_path / "cases.json").write_text(json.dumps(listed), "utf-8")
        (tmp_path / "run.js").write_text(RUN)
        subprocess.run([node(), "run.js"], cwd=tmp_path, check=True, timeout=120)
        answers: list[dict[str, str]] = json.loads((tmp_path / "answers.json").read_text("utf-8"))
        return answers

    return run


def pixels(channels: int, dtype: str, top: float, *, height: int = HEIGHT, width: int = WIDTH) -> NDArray[Any]:
    """(height, width, channels), waves and noise from 0 to `top`."""
    random = np.random.default_rng(channels)
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (7 + k)) + np.cos(y / (9 + k)) + random.normal(0, 0.3, x.shape) for k in range(channels)]
    values = np.stack(waves, axis=2)
    return ((values - values.min()) / np.ptp(values) * top).astype(dtype)


def jpegs(folder: Path) -> None:
    for quality, subsampling, progressive in [(30, 0, 0), (75, 1, 1), (85, 2, 0), (95, 2, 1)]:
        colour = Image.fromarray(pixels(3, "uint8", 255))
        name = f"{quality}-{subsampling}-{progressive}.jpg"
        colour.save(folder / name, quality=quality, subsampling=subsampling, progressive=bool(progressive))
    for height, width in [(8, 8), (17, 5), (33, 2), (301, 402)]:
        odd = Image.fromarray(pixels(3, "uint8", 255, height=height, width=width))
        odd.save(folder / f"{height}x{width}.jpg", subsampling=2, restart_marker_blocks=3)
    Image.fromarray(pixels(1, "uint8", 255)[..., 0]).save(folder / "grey.jpg")
    Image.fromarray(pixels(4, "uint8", 255), "CMYK").save(folder / "inks.jpg")
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(pixels(3, "uint8", 255)).save(folder / "turned.jpg", exif=turned)
    (folder / "tall.jpg").write_bytes(imagecodecs.jpeg8_encode(pixels(3, "uint8", 255), level=80, subsampling="440"))


def pngs(folder: Path) -> None:
    bytes_ = pixels(4, "uint8", 255)
    Image.fromarray(bytes_).save(folder / "clear.png")
    Image.fromarray(bytes_[..., :2], "LA").save(folder / "grey-clear.png")
    Image.fromarray(bytes_[..., 0] > 100).save(folder / "one-bit.png")
    Image.fromarray(bytes_[..., :3]).quantize(16).save(folder / "palette.png", transparency=3)
    for channels in (1, 2, 3, 4):
        words = pixels(channels, "uint16", 65535)
        encoded = imagecodecs.png_encode(words[..., 0] if channels == 1 else words)
        (folder / f"words-{channels}.png").write_bytes(encoded)


def tiffs(folder: Path) -> None:
    kinds = {"uint8": 255, "uint16": 65535, "int16": 32767, "float32": 1, "int8": 127, "uint32": 70000, "float64": 1}
    ways: list[dict[str, Any]] = [
        {"rowsperstrip": 10},
        {"compression": "lzw", "predictor": True, "byteorder": ">"},
        {"compression": "deflate", "predictor": True, "tile": (32, 48)},
        {"compression": "packbits", "byteorder": ">"},
    ]
    for dtype, top in kinds.items():
        for number, way in enumerate(ways):
            if dtype == "float64" and way.get("predictor"):
                continue
            tifffile.imwrite(folder / f"{dtype}-{number}.tif", pixels(1, dtype, top)[..., 0], **way)
    five = np.ascontiguousarray(pixels(6, "uint16", 65535).transpose(2, 0, 1))
    tifffile.imwrite(folder / "rgb.tif", pixels(3, "uint8", 255), photometric="rgb", compression="lzw", predictor=True)
    tifffile.imwrite(folder / "clear.tif", pixels(4, "uint8", 255), photometric="rgb", extrasamples=["unassalpha"])
    tifffile.imwrite(folder / "planar.tif", five[:3], photometric="rgb", planarconfig="separate")
    tifffile.imwrite(folder / "channels.tif", five[:5], photometric="minisblack", metadata={"axes": "CYX"})
    tifffile.imwrite(folder / "white.tif", pixels(1, "uint8", 255)[..., 0], photometric="miniswhite")
    tifffile.imwrite(folder / "bits.tif", pixels(1, "uint8", 255)[..., 0] > 90, photometric="minisblack")
    tifffile.imwrite(folder / "big.tif", five[0], bigtiff=True)
    stack = five.reshape(3, 2, HEIGHT, WIDTH)
    tifffile.imwrite(folder / "stack-imagej.tif", stack, imagej=True, metadata={"axes": "ZCYX"})
    tifffile.imwrite(folder / "stack.ome.tif", stack, metadata={"axes": "ZCYX"})
    tifffile.imwrite(folder / "pages.tif", five[:3], photometric="minisblack")


@pytest.mark.parametrize("write", [jpegs, pngs, tiffs])
def test_every_value_is_what_prediction_sees(
    write: Callable[[Path], None], tmp_path: Path, decoded: Callable[[list[Case]], list[dict[str, str]]]
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    write(images)
    cases: list[Case] = []
    for file in sorted(images.iterdir()):
        for project in ("max", "mean") if file.name.startswith(("stack", "pages")) else ("",):
            found = read_image(file, project=project or None)  # type: ignore[arg-type]
            cases += [(file, Preprocessing(len(found), str(found.dtype), size, project=project)) for size in SIZES]
    for (file, how), answer in zip(cases, decoded(cases), strict=True):
        expected = how.read(file).transpose(2, 0, 1)
        assert "pixels" in answer, f"{file.name}: {answer}"
        given = np.frombuffer(base64.b64decode(answer["pixels"]), np.float32).reshape(expected.shape)
        np.testing.assert_array_equal(given, expected.astype(np.float32), f"{file.name} at {how.size}")


def test_what_prediction_refuses_the_page_refuses_too(
    tmp_path: Path, decoded: Callable[[list[Case]], list[dict[str, str]]]
) -> None:
    images = tmp_path / "images"
    images.mkdir()
    whole = io.BytesIO()
    Image.fromarray(pixels(3, "uint8", 255)).save(whole, "PNG")
    flipped = bytearray(whole.getvalue())
    flipped[len(flipped) // 2] ^= 8
    grey = Preprocessing(1, "uint8", 32)
    colour = Preprocessing(3, "uint8", 32)
    jpeg = io.BytesIO()
    Image.fromarray(pixels(3, "uint8", 255)).save(jpeg, "JPEG")
    contents = {
        "empty.png": (b"", colour),
        "text.png": (b"not an image at all", colour),
        "cut.png": (whole.getvalue()[:-40], colour),
        "flipped.png": (bytes(flipped), colour),
        "cut.jpg": (jpeg.getvalue()[:-200], colour),
        "colour.png": (whole.getvalue(), grey),
        "bytes.png": (whole.getvalue(), Preprocessing(3, "uint16", 32)),
        "selected.png": (whole.getvalue(), Preprocessing(2, "uint8", 32, select=(1, 5))),
    }
    stacks = {"pages.tif": "", "time.tif": ""}
    planes = np.ascontiguousarray(pixels(3, "uint16", 65535).transpose(2, 0, 1))
    tifffile.imwrite(images / "pages.tif", planes, photometric="minisblack")
    tifffile.imwrite(images / "time.tif", planes, imagej=True, metadata={"axes": "TYX"})
    for name, (content, _) in contents.items():
        (images / name).write_bytes(content)
    cases = [(images / name, how) for name, (_, how) in contents.items()]
    cases += [(images / name, Preprocessing(3, "uint16", 32)) for name in stacks]
    for (file, how), answer in zip(cases, decoded(cases), strict=True):
        with pytest.raises(LeadlineError):
            how.read(file)
        assert "error" in answer, file.name
