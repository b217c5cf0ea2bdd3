"""How often `check --batch` reports an effect of batches that have none, and how often one that is there.

    python benchmarks/batch_effects.py [STUDIES] [FOLDER]

Two to four batches of 2 to 30 patients each, 10 to 40 images per patient. A patient's images share an offset of low
frequency in their thumbnails, as large as all other differences between images; an effect makes a batch brighter, by
its size times the deviation of an image's pixels. With FOLDER, a folder of the malaria cells, patients and images are
real (at most 40 of each patient) and patients are divided into batches at random.
"""

import re
import sys

import numpy as np

from leadline.data.audit import told_apart as method
from leadline.data.audit.problem import FALSE_ALARMS

method.PERMUTATIONS = 99  # of 399; a p-value of fewer is as right, and a little less sharp

SIDE = 8
WAVES = np.stack(
    [np.outer(np.cos(np.pi * i * np.linspace(0, 1, SIDE)), np.cos(np.pi * j * np.linspace(0, 1, SIDE))).ravel()
     for i in range(4) for j in range(4)]
)  # fmt: skip


def drawn(random, *, batches, patients, crossed, effect):
    """Features, batch and patient of each image."""
    images = random.integers(10, 41, batches * patients)
    patient = np.repeat(np.arange(batches * patients), images)
    batch = random.integers(0, batches, len(patient)) if crossed else patient % batches
    own = random.normal(size=(batches * patients, len(WAVES))) / 4
    pixels = own[patient] @ WAVES + random.normal(size=(len(patient), len(WAVES))) / 4 @ WAVES
    pixels += random.normal(size=pixels.shape) + effect * pixels.std() * batch[:, None]
    figures = np.stack([pixels.mean(axis=1), pixels.std(axis=1), pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    return np.concatenate([pixels, figures], axis=1), batch, patient


def told(name, studies, make):
    found = [method.told_apart(*make(np.random.default_rng(number))).p_value for number in range(studies)]
    judged = [p for p in found if p is not None]
    shown = sum(p <= FALSE_ALARMS for p in judged)
    print(f"{name:58s} {shown / studies:6.1%} shown, {1 - len(judged) / studies:6.1%} cannot be told", flush=True)


def main(studies: int = 200, folder: str = "") -> None:
    designs = [(2, n, False) for n in (2, 3, 4, 6, 10, 30)] + [(4, 2, False), (4, 6, False), (2, 6, True)]
    for effect in (0.0, 0.5):
        for batches, patients, crossed in designs:
            name = f"effect {effect:4.2f}, {batches} batches of {patients:2d} patients{' in common' * crossed}"
            told(name, studies, lambda random, a=(batches, patients, crossed, effect): drawn(
                random, batches=a[0], patients=a[1], crossed=a[2], effect=a[3]))  # fmt: skip
    if folder:
        features, patient = of_cells(folder)
        for patients in (4, 6, 10, 30):
            told(f"no effect, malaria cells, 2 batches of {patients:2d} patients", studies,
                 lambda random, n=patients: divided(random, features, patient, n))  # fmt: skip


def of_cells(folder: str):
    from leadline.data.audit.batch import _features
    from leadline.data.audit.pixels import look_at
    from leadline.data.sources.scan import scan

    manifest = scan(folder)
    names = [re.search(r"(C\d+)[^/]*$", path)[1] for path in manifest.table["path"]]
    return _features(look_at(manifest)), np.unique(names, return_inverse=True)[1]


def divided(random, features, patient, patients):
    chosen = random.permutation(patient.max() + 1)[: 2 * patients]
    rows = np.concatenate([random.permutation(np.flatnonzero(patient == one))[:40] for one in chosen])
    numbers = np.unique(patient[rows], return_inverse=True)[1]
    return features[rows], numbers % 2, numbers


if __name__ == "__main__":
    main(*[int(one) if one.isdigit() else one for one in sys.argv[1:]])
