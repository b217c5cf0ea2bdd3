"""What a finished training remembers of its images, so that a prediction can say which new ones are unlike them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from leadline.classifier import NOVELTY, load
from leadline.data.loader import cached_images
from leadline.data.preprocessing import resize
from leadline.data.shards.batches import decoded_batches
from leadline.evaluation.novelty import Novelty
from leadline.inference.engine import BATCH_SIZE, Engine
from leadline.inference.hardware import hardware
from leadline.training.data import TrainingData
from leadline.training.run_folder import Run

MOST = 2_000  # images of each split, evenly spread


def remember_images(run: Run) -> None:
    """Write what tells images apart that are unlike the run's training images into its classifier.

    Nothing where it is known already, or where there are no validation images to set its limits by: after a
    cross-validation the classifier has seen all images.
    """
    folder = run.folder / "classifier"
    recipe = run.recipe
    if (folder / NOVELTY).is_file() or recipe.folds:
        return
    classifier = load(folder)
    data = TrainingData.open(run.manifest, recipe).with_preprocessing(classifier.preprocessing)
    engine = Engine.of(classifier, hardware())

    def seen(split: str) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        rows = data.rows[split]
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(int))]
        readable = rows[[row not in data.images.judged.errors for row in rows.tolist()]]
        return readable, *engine.features(cached_images(data.images.judged, rows, batch_size=BATCH_SIZE))

    if data.stream:
        images, labels = data.stream.sample(MOST)
        shrunk = np.stack([resize(image, data.preprocessing.size) for image in images])
        features, statistics = engine.features(decoded_batches(shrunk, batch_size=BATCH_SIZE))
    else:
        rows, features, statistics = seen("train")
        labels = data.labels[rows]
    _, new_features, new_statistics = seen("validation")
    novelty = Novelty.fitted(features, labels, statistics, new_features=new_features, new_statistics=new_statistics)
    if novelty is not None:
        replace(classifier, novelty=novelty).save(folder)
