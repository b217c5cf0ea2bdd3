"""A manifest opened for a recipe: decoded images, labels, splits, preprocessing, and what comes of predicting them."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from leadline.data.augment.papers import TABLE as PAPERS
from leadline.data.augment.papers import Colours, colours_of
from leadline.data.balance import class_weights
from leadline.data.decoding import DecodedImages
from leadline.data.keyed import generator
from leadline.data.loader import TrainingBatches, cached_images
from leadline.data.manifest import Manifest
from leadline.data.preprocessing import SAMPLE, Preprocessing, geometry, measured, resize
from leadline.data.shards.batches import Stream, StreamedBatches
from leadline.data.shards.held_out import with_files
from leadline.data.split.holdout import has_groups
from leadline.evaluation.predictions import Predictions
from leadline.inference.engine import BATCH_SIZE, Engine
from leadline.progress import SILENT, Progress
from leadline.results.run_metrics import LeftOut
from leadline.training.recipe import Recipe


@dataclass(frozen=True)
class TrainingData:
    """The usable images of `manifest` as `recipe` wants them. `labels` and `rows` number them as `manifest.usable`."""

    manifest: Manifest
    recipe: Recipe
    images: DecodedImages
    labels: NDArray[np.int64]  # per image, the index of its class
    rows: dict[str, NDArray[np.int64]]  # split → its images
    preprocessing: Preprocessing  # with the mean and standard deviation of the training images
    colours: Colours | None  # where a paper's augmentation needs them
    stream: Stream | None = None  # of the training images, where they come from shards; `rows` has none of them then

    @classmethod
    def open(
        cls,
        manifest: Manifest,
        recipe: Recipe,
        *,
        progress: Progress = SILENT,
    ) -> "TrainingData":
        """Decode what is not decoded yet; notes say which images could not be.

        Raises LeadlineError where images have changed, or where those that can be decoded leave a split or class empty.
        """
        manifest = with_files(manifest, reading=recipe.reading, progress=progress)
        usable = manifest.usable
        position = {name: number for number, name in enumerate(manifest.classes)}
        rows = {
            name: np.flatnonzero(usable["split"].eq_missing(name).to_numpy())
            for name in ("train", "validation", "test")
        }
        decoding = geometry(manifest, size=recipe.size, reading=recipe.reading)
        images = DecodedImages.of(manifest, decoding, training_size=recipe.decoded_size, progress=progress)
        stream = None
        if manifest.shards is None:
            pixels = images.sample(np.sort(generator("sample").permutation(rows["train"])[:SAMPLE]))
        else:
            stream = Stream(manifest.shards, replace(decoding, size=recipe.decoded_size))
            pixels = np.stack([resize(image, decoding.size) for image in stream.sample(SAMPLE)[0]])
        preprocessing = measured(decoding, pixels)
        return cls(
            manifest,
            recipe,
            images,
            labels=np.array([position[label] for label in usable["label"]], dtype=np.int64),
            rows=rows,
            preprocessing=preprocessing,
            colours=colours_of(pixels, preprocessing) if recipe.augment in PAPERS else None,
            stream=stream,
        )

    def with_preprocessing(self, preprocessing: Preprocessing) -> "TrainingData":
        """The same, normalised otherwise."""
        return replace(self, preprocessing=preprocessing)

    @property
    def classes(self) -> int:
        return len(self.manifest.classes)

    @property
    def batches(self) -> TrainingBatches | StreamedBatches:
        """The training images, shuffled and augmented epoch by epoch."""
        recipe = self.recipe
        if self.stream:
            return StreamedBatches(
                self.stream, recipe.batch_size, recipe.seed, recipe.augment, recipe.size, self.colours
            )
        return TrainingBatches(
            self.images.training, self.rows["train"], self.labels, recipe.batch_size, recipe.seed, recipe.augment,
            recipe.balance, recipe.size, self.colours,
        )  # fmt: skip

    def images_of(self, step: int) -> list[str]:
        """The paths of the images of `step`, from 0."""
        batches = self.batches
        if isinstance(batches, StreamedBatches):
            return batches.images_of(step // len(batches), step % len(batches))
        rows, _ = batches.parts(step // len(batches))[step % len(batches)]
        paths = self.manifest.usable["path"]
        return [paths[int(row)] for row in rows]

    @property
    def streamed_errors(self) -> list[LeftOut]:
        """The training images from shards that could not be decoded when they were met."""
        stream = self.stream
        return (
            [LeftOut(stream.names[number], error) for number, error in sorted(stream.errors.items())] if stream else []
        )

    @property
    def units(self) -> NDArray[np.int64]:
        """Per image, the number of its group, or of its content where there are no groups."""
        usable = self.manifest.usable
        column = usable["group" if has_groups(usable) else "sha256"]
        return np.unique(column.to_numpy(), return_inverse=True)[1].astype(np.int64)

    def class_weights(self, device: str) -> Tensor | None:
        """(classes,) for the loss, where the recipe balances classes so."""
        if self.recipe.balance != "weights":
            return None
        counts = self.manifest.labels("train")
        labels = np.repeat(np.arange(self.classes), [counts[name] for name in self.manifest.classes])
        weights = class_weights(labels, self.classes)
        return torch.tensor(weights, dtype=torch.float32, device=device)

    def predict(self, engine: Engine, *splits: str) -> Predictions:
        """What `engine` says of the images of these splits."""
        numbers = np.concatenate([self.rows[split] for split in splits])
        probabilities, errors = engine.predict(cached_images(self.images.judged, numbers, batch_size=BATCH_SIZE))
        table = self.manifest.usable[numbers]
        return Predictions.from_arrays(
            paths=table["path"].to_list(),
            probabilities=probabilities,
            classes=self.manifest.classes,
            labels=table["label"].to_list(),
            groups=table["group"].to_list() if table["group"].count() else None,
            splits=table["split"].to_list(),
            errors=errors,
        )

    def validate(self, engine: Engine) -> dict[str, float]:
        """Loss and accuracy of the validation images; nothing where there are none, because all are trained on."""
        numbers = self.rows["validation"]
        if not len(numbers):
            return {}
        probabilities, errors = engine.predict(cached_images(self.images.judged, numbers, batch_size=BATCH_SIZE))
        readable = np.array([not error for error in errors])
        stated, true = probabilities[readable], self.labels[numbers][readable]
        return {
            "validation_loss": float(-np.log(stated[np.arange(len(true)), true].clip(1e-15)).mean()),
            "validation_accuracy": float((stated.argmax(axis=1) == true).mean()),
        }
