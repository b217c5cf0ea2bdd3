"""How many images that were saved again are found as near-copies, and how many others are taken for some.

    python benchmarks/near_copies.py FOLDER [IMAGES]

Of IMAGES drawn at random, each is saved again in several ways, and looked for among all images of the folder. False
alarms are counted in random parts of the folder, in which every pair that is reported is to be looked at.
"""

import io
import sys

import numpy as np
from PIL import Image

from leadline.data.audit.pixels import SIDE, look_at, seen_in
from leadline.data.audit.similar import similar
from leadline.data.image import read_image
from leadline.data.sources.scan import scan


def jpeg(quality: int):
    def saved(image: Image.Image) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file)

    return saved


def scaled(factor: float):
    return lambda image: image.resize((round(image.width * factor), round(image.height * factor)))


def noisy(image: Image.Image) -> Image.Image:
    pixels = np.asarray(image)
    noise = np.random.default_rng(0).normal(0, 5, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


WAYS = {
    "JPEG, quality 90": jpeg(90),
    "JPEG, quality 75": jpeg(75),
    "JPEG, quality 50": jpeg(50),
    "half the size": scaled(0.5),
    "double the size": scaled(2),
    "half the size, then JPEG 75": lambda image: jpeg(75)(scaled(0.5)(image)),
    "a tenth brighter": lambda image: image.point(lambda value: min(255, int(1.1 * value))),
    "noise of 5 grey levels": noisy,
    "cropped by a pixel all round": lambda image: image.crop((1, 1, image.width - 1, image.height - 1)),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
}


def thumbnail(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image)
    return seen_in(pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))["thumbnails"]


def main(folder: str, images: int = 300) -> None:
    manifest = scan(folder)
    thumbnails = look_at(manifest).thumbnails
    random = np.random.default_rng(0)
    rows = random.permutation(len(thumbnails))[:images]
    originals = []
    for path in manifest.paths(manifest.table[rows.tolist()]):
        pixels = read_image(path)
        originals.append(
            Image.fromarray(np.ascontiguousarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, 2)))
        )
    print(f"{folder}: {len(thumbnails):,} images, {SIDE} × {SIDE} thumbnails")
    for name, way in WAYS.items():
        again = np.stack([thumbnail(way(image)) for image in originals])
        pairs = {tuple(pair) for pair in similar(np.concatenate([thumbnails, again]))[0].tolist()}
        found = np.mean([(row, len(thumbnails) + number) in pairs for number, row in enumerate(rows.tolist())])
        print(f"  {name:30s} {found:6.1%} found")
    for size, repeats in ((20, 200), (100, 100), (1000, 20), (len(thumbnails), 1)):
        parts = [np.sort(random.permutation(len(thumbnails))[:size]) for _ in range(repeats)]
        alarms = sum(len(similar(thumbnails[part])[0]) for part in parts)
        print(f"  {repeats:3d} random parts of {size:6,d}: {alarms} pairs reported")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
