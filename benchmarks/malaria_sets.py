"""Small sets made from the malaria cells (27,558 images of 200 patients), with which docs/results.md shows what splits,
folds and balancing do.

    python benchmarks/malaria_sets.py FOLDER

FOLDER holds the unpacked archive as cell_images/; beside it come

    cells.csv    every cell, and quarter.csv: a quarter of those, of all patients
    tiles.csv    overlapping tiles of 16 slides, see `write_tiles`
    tiny.csv     60 cells of 60 patients; tiny-others.csv: 4,000 cells of the other patients; tiny-split.csv: both, the
                 others to validate (200) and to test
    rare.csv     2,000 cells without parasites and 100 with to train on, 300 and 15 to validate on, 1,500 each to test
"""

import csv
import re
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

PATIENT = re.compile(r"(C\d+\w*?)_?[Tt]hin")
LABELS = ("Parasitized", "Uninfected")
CELL, CELLS, TILE, STRIDE = 24, 8, 48, 12  # pixels, cells a side of a slide, pixels, pixels
SLIDES, INFECTED = 16, 1 / 12


def patients(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Patient → label → paths."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: {label: [] for label in LABELS})
    for file in sorted(folder.glob("cell_images/*/*/*.png")):
        match = PATIENT.search(file.name)
        assert match, file
        found[match[1]][file.parent.name].append(file.relative_to(folder).as_posix())
    return dict(found)


def write_table(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{file}: {len(rows):,} images")


def cells_of(by_patient: dict[str, dict[str, list[str]]]) -> list[dict[str, str]]:
    return [
        {"path": path, "label": label, "patient": patient}
        for patient, own in by_patient.items()
        for label, paths in own.items()
        for path in paths
    ]


def write_tiles(folder: Path, by_patient: dict[str, dict[str, list[str]]], random: np.random.Generator) -> None:
    """16 slides of 8 × 8 cells, one patient each; on half of them five cells have parasites, on the others none.

    Tiles of 2 × 2 cells, a quarter of a tile apart, have the label of their slide. A tile shows all or a part of 4 to 9
    cells, so on about 38 % of the tiles of an infected slide there is a part of a cell with parasites to see
    (1 − (59/64)^n, over the places of the tiles); the others cannot be told from those of a clear one. On new slides at
    most 69 % of the tiles can be named rightly.
    """
    suitable = [
        name for name, own in by_patient.items() if len(own["Uninfected"]) >= CELLS**2 and len(own["Parasitized"]) >= 12
    ]
    rows = []
    for number, patient in enumerate(random.permutation(suitable)[:SLIDES]):
        infected = number % 2 == 0
        own = by_patient[patient]
        chosen = list(random.choice(own["Uninfected"], CELLS**2, replace=False))
        if infected:
            places = random.choice(CELLS**2, round(INFECTED * CELLS**2), replace=False)
            for place, path in zip(places, random.choice(own["Parasitized"], len(places), replace=False), strict=True):
                chosen[place] = path
        slide = Image.new("RGB", (CELL * CELLS, CELL * CELLS))
        for place, path in enumerate(chosen):
            with Image.open(folder / path) as cell:
                slide.paste(cell.convert("RGB").resize((CELL, CELL)), (CELL * (place % CELLS), CELL * (place // CELLS)))
        home = folder / "tiles" / f"slide-{number:02d}"
        home.mkdir(parents=True, exist_ok=True)
        for top in range(0, CELL * CELLS - TILE + 1, STRIDE):
            for left in range(0, CELL * CELLS - TILE + 1, STRIDE):
                file = home / f"{top:03d}-{left:03d}.png"
                slide.crop((left, top, left + TILE, top + TILE)).save(file, compress_level=1)
                label = "infected" if infected else "clear"
                rows.append({"path": file.relative_to(folder).as_posix(), "label": label, "slide": home.name})
    write_table(folder / "tiles.csv", rows)


def write_tiny(folder: Path, by_patient: dict[str, dict[str, list[str]]], random: np.random.Generator) -> None:
    infected = [name for name, own in by_patient.items() if own["Parasitized"]]
    names = [str(name) for name in random.permutation(infected)]
    tiny = [
        {"path": str(random.choice(by_patient[name][label])), "label": label, "patient": name}
        for name, label in zip(names[:60], LABELS * 30, strict=True)
    ]
    write_table(folder / "tiny.csv", tiny)
    others = cells_of({name: by_patient[name] for name in names[60:]})
    chosen = [
        row
        for label in LABELS
        for row in random.permutation([row for row in others if row["label"] == label])[:2000]  # type: ignore[arg-type]
    ]
    write_table(folder / "tiny-others.csv", chosen)
    # The same with a split: so few to train on, and enough others to see what that comes to.
    named = [("train", tiny), ("validation", chosen[::20]), ("test", [row for n, row in enumerate(chosen) if n % 20])]
    write_table(folder / "tiny-split.csv", [{**row, "split": split} for split, rows in named for row in rows])


def write_rare(folder: Path, by_patient: dict[str, dict[str, list[str]]], random: np.random.Generator) -> None:
    """Patients are dealt to the splits: 60 % to train on, 10 % to validate on, 30 % to test on."""
    names = [str(name) for name in random.permutation(sorted(by_patient))]
    ends = {"train": names[:120], "validation": names[120:150], "test": names[150:]}
    wanted = {"train": (100, 2000), "validation": (15, 300), "test": (1500, 1500)}
    rows = []
    for split, own in ends.items():
        cells = cells_of({name: by_patient[name] for name in own})
        for label, count in zip(LABELS, wanted[split], strict=True):
            of_label = [cell for cell in cells if cell["label"] == label]
            rows += [{**of_label[place], "split": split} for place in random.permutation(len(of_label))[:count]]
    write_table(folder / "rare.csv", rows)


def main() -> None:
    folder = Path(sys.argv[1])
    by_patient = patients(folder)
    cells = cells_of(by_patient)
    write_table(folder / "cells.csv", cells)
    chosen = np.random.default_rng(3).permutation(len(cells))[: len(cells) // 4]
    write_table(folder / "quarter.csv", [cells[place] for place in sorted(chosen)])
    write_tiles(folder, by_patient, np.random.default_rng(0))
    write_tiny(folder, by_patient, np.random.default_rng(1))
    write_rare(folder, by_patient, np.random.default_rng(2))


if __name__ == "__main__":
    main()
