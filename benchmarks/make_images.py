"""The image sets of docs/results.md: 12 bits in 16-bit TIFFs, and five channels of which one holds the label.

python benchmarks/make_images.py twelve-bits cells.csv deep/       # each PNG of the table as a TIFF of 0 to 4095
python benchmarks/make_images.py five-channels five/               # 2 × 200 OME-TIFFs, the label in channel 3
"""

import csv
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

SIZE, COUNT, TELLING = 32, 200, 3


def twelve_bits(table: Path, out: Path) -> None:
    """Every 8-bit image of `table` (path,label) as a TIFF in `out`, below the same folders, and a table of them."""
    out.mkdir()
    with table.open(encoding="utf-8", newline="") as lines, (out / "table.csv").open("w", encoding="utf-8") as new:
        print("path,label", file=new)
        for row in csv.DictReader(lines):
            grey = np.asarray(Image.open(table.parent / row["path"]))
            file = Path(row["path"]).with_suffix(".tif")
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            tifffile.imwrite(out / file, np.rint(grey * (4095 / 255)).astype(np.uint16), compression="zlib")
            print(f"{file.as_posix()},{row['label']}", file=new)


def five_channels(out: Path) -> None:
    """A disc on noise in every channel, bright or dark: by the class in channel 3, by chance in the others."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:SIZE, :SIZE]
    for label in ("dark", "bright"):
        (out / label).mkdir(parents=True)
        for number in range(COUNT):
            planes = []
            for channel in range(5):
                bright = label == "bright" if channel == TELLING else random.integers(2) == 1
                top, left = random.uniform(SIZE * 0.3, SIZE * 0.7, 2)
                inside = (y - top) ** 2 + (x - left) ** 2 < (SIZE / 4) ** 2
                level = np.where(inside == bright, 3000, 1000)
                planes.append(np.clip(level + random.normal(0, 400, level.shape), 0, 4095).astype(np.uint16))
            file = out / label / f"{number:03d}.ome.tif"
            tifffile.imwrite(file, np.stack(planes), photometric="minisblack", ome=True, metadata={"axes": "CYX"})


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    {"twelve-bits": twelve_bits, "five-channels": five_channels}[what](*map(Path, arguments))
