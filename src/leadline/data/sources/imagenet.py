"""An ImageNet (ILSVRC-2012) root, in the layouts that people have: as its archives unpack, sorted, or from Kaggle.

Russakovsky et al., "ImageNet large scale visual recognition challenge", 2015, arXiv 1409.0575. Training images lie in
folders named by their synset. Validation images lie in such folders too, or all in one, numbered; their classes then
stand in the development kit (its ILSVRC2012_ID per image, meta.mat for the synset of each) or in Kaggle's table.
"""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from leadline.data.image import IMAGE_SUFFIXES
from leadline.data.manifest import Entry
from leadline.data.sources.class_folders import ClassFolders, contents, dead_links, out_of_sight
from leadline.data.sources.walking import aside, folders_in, listing
from leadline.errors import LeadlineError

SYNSET = re.compile(r"n\d{8}")
VALIDATION_IMAGE = re.compile(r"ILSVRC2012_val_(\d{8})")
# Where the images lie below what a person names (Kaggle's archive has three folders more), and what they lie in.
BASES = (".", "ILSVRC/Data/CLS-LOC", "Data/CLS-LOC")
TRAIN = ("train", "ILSVRC2012_img_train")
VALIDATION = ("val", "validation", "ILSVRC2012_img_val")
TEST = ("test", "ILSVRC2012_img_test")
# Where the tables may lie: the named folder, above the images, and inside the development kit.
DEVKITS = ("", "ILSVRC2012_devkit_t12/data", "ILSVRC2012_devkit_t12", "devkit/data", "data")
GROUND_TRUTH, META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"
SOLUTION, SYNSETS = "LOC_val_solution.csv", "LOC_synset_mapping.txt"


def read(root: Path) -> ClassFolders | None:
    """What lies in an ImageNet root, its classes named "n01440764 tench" and so on, in the order of their synsets; None
    where `root` is none.

    The 50,000 validation images are the test split: no others have labels, and it is on them that everybody reports.
    (Images to validate on during training are then taken from the training images, as with any source that has none.)
    Where a `test` folder has labelled images in synset folders, validation stays validation. Raises LeadlineError that
    names the file where classes are missing.
    """
    base = next((root / base for base in BASES if _looks_like_one(root / base)), None)
    if base is None:
        return None
    train, validation, test = (_first_folder(base, names) for names in (TRAIN, VALIDATION, TEST))
    labelled_test = test is not None and bool(_synset_folders(test))
    homes = [(train, "train"), (validation, "validation" if labelled_test else "test")]
    homes += [(test, "test")] if labelled_test else []
    tables = _Tables(root, base)

    labels: list[tuple[Path, str, str]] = []  # file, synset, split
    levels = [base]  # on which lie what may be folders of splits and classes
    class_homes: list[Path] = []
    for folder, split in homes:
        if folder is None:
            continue
        synsets = _synset_folders(folder)
        _refuse_archives(folder)
        if synsets:
            class_homes += synsets
            levels.append(folder)
            labels += [(file, home.name, split) for home in synsets for file in _images(home)]
        elif folder is validation:
            labels += [(file, synset, split) for file, synset in _numbered(folder, tables)]
    filled = {file.parent for file, _, _ in labels}
    lost = {home: contents(home) for home in class_homes if home not in filled}
    lost |= dead_links(levels)
    names = _names({synset for _, synset, _ in labels} | {home.name for home in class_homes}, tables)
    entries = [Entry(file.relative_to(root).as_posix(), names[synset], split) for file, synset, split in labels]
    notes = [f"ImageNet (ILSVRC-2012): {len(names):,} classes, named by synset and first word"]
    if validation is not None and not labelled_test:
        notes.append("its validation images, on which results are reported, are the test split")
    if test is not None and not labelled_test:
        notes.append(f"passed over {test.name}/, whose images have no labels")
    notes += out_of_sight(root)
    named = {folder.relative_to(root).as_posix(): what for folder, what in lost.items()}
    return ClassFolders(entries, tuple(sorted(names.values())), tuple(notes), named)


def synset_of(name: str) -> str | None:
    """The synset that a class is named by, with its first word or without; None for other names."""
    found = re.fullmatch(rf"({SYNSET.pattern})( .*)?", name)
    return found[1] if found else None


def _looks_like_one(base: Path) -> bool:
    """Whether all folders of training and validation images hold synset folders, or numbered images or archives."""
    found = [folder for names in (TRAIN, VALIDATION) if (folder := _first_folder(base, names))]
    return bool(found) and all(_synset_folders(folder) or _holds_images_or_archives(folder) for folder in found)


def _holds_images_or_archives(folder: Path) -> bool:
    with listing(folder) as children:  # the first of fifty thousand tells
        first = next((child.name for child in children if not aside(child.name)), "")
    return bool(VALIDATION_IMAGE.match(first) or re.fullmatch(rf"{SYNSET.pattern}\.tar", first))


def _first_folder(base: Path, names: tuple[str, ...]) -> Path | None:
    return next((base / name for name in names if (base / name).is_dir()), None)


def _synset_folders(folder: Path) -> list[Path]:
    """Its folders, if every one of them is named by a synset."""
    children = folders_in(folder)
    return children if all(SYNSET.fullmatch(child.name) for child in children) else []


def _images(folder: Path) -> Iterator[Path]:
    with listing(folder) as children:
        names = sorted(child.name for child in children if not aside(child.name))
    return (folder / name for name in names if Path(name).suffix.lower() in IMAGE_SUFFIXES)


def _refuse_archives(folder: Path) -> None:
    for archive in sorted(folder.glob("n????????.tar")):
        raise LeadlineError(
            f"{archive}: is an archive; unpack each class into a folder of its name, there: "
            'for t in n*.tar; do mkdir "${t%.tar}" && tar xf "$t" -C "${t%.tar}" && rm "$t"; done'
        )


class _Tables:
    """The tables that come beside the images, wherever they were put."""

    def __init__(self, root: Path, base: Path) -> None:
        places = [root, base]
        if base.resolve().parts[-2:] == ("Data", "CLS-LOC"):  # Kaggle's tables lie above the folder ILSVRC
            places.append(base.resolve().parents[2])
        self._places = [place / devkit for place in places for devkit in DEVKITS]

    def find(self, name: str) -> Path | None:
        return next((place / name for place in self._places if (place / name).is_file()), None)


def _numbered(folder: Path, tables: _Tables) -> list[tuple[Path, str]]:
    """The validation images of a folder without class folders, each with its synset."""
    files = list(_images(folder))
    solution, truth, meta = (tables.find(name) for name in (SOLUTION, GROUND_TRUTH, META))
    if solution is not None:
        with solution.open(encoding="utf-8", newline="") as table:
            # An image has a box per object, all of its class: "n03995372 85 1 499 272 n03995372 …".
            known = {row["ImageId"]: row["PredictionString"].split()[0] for row in csv.DictReader(table)}
        where = solution
    elif truth is not None and meta is not None:
        synset_of = {number: synset for synset, (number, _) in _read_meta(meta).items()}
        lines = truth.read_text("ascii").split()
        known = {f"ILSVRC2012_val_{n:08d}": synset_of.get(int(line), "") for n, line in enumerate(lines, start=1)}
        where = truth
    else:
        raise LeadlineError(
            f"{folder}: its images lie in no class folders, so their classes are needed: put the development kit's "
            f"{GROUND_TRUTH} and {META}, or Kaggle's {SOLUTION}, beside it"
        )
    for file in files:
        if not known.get(file.stem):
            raise LeadlineError(f"{file}: has no class in {where}; take it away, or use the table that belongs to it")
    return [(file, known[file.stem]) for file in files]


def _names(synsets: set[str], tables: _Tables) -> dict[str, str]:
    """Synset → "n01440764 tench": unique, though two classes are called crane, and in the order of everyone's indices.

    Without a table that names them, the synset alone, or where all 1,000 are there, torchvision's names, which are in
    this order.
    """
    mapping, meta = tables.find(SYNSETS), tables.find(META)
    if mapping is not None:
        lines = mapping.read_text("utf-8").splitlines()
        words = {synset: text for synset, _, text in (line.partition(" ") for line in lines)}
    elif meta is not None:
        words = {synset: text for synset, (_, text) in _read_meta(meta).items()}
    elif len(synsets) == 1000:
        from torchvision.models import ResNet18_Weights

        words = dict(zip(sorted(synsets), ResNet18_Weights.IMAGENET1K_V1.meta["categories"], strict=True))
    else:
        words = {}
    return {synset: f"{synset} {words.get(synset, '').split(',')[0].strip()}".strip() for synset in sorted(synsets)}


def _read_meta(file: Path) -> dict[str, tuple[int, str]]:
    """Synset → (ILSVRC2012_ID, its words): the 1,000 classes, and with higher numbers the groups above them."""
    from scipy.io import loadmat  # type: ignore[import-untyped]

    try:
        rows = loadmat(file, squeeze_me=True)["synsets"]
        return {str(row["WNID"]): (int(row["ILSVRC2012_ID"]), str(row["words"])) for row in rows}
    except Exception as error:  # whatever a damaged file leads the reader to
        raise LeadlineError(f"{file}: cannot be read as the development kit's {META} ({error})") from error
