"""Before the first step: every image is decoded once, at the size its use needs, and what cannot be is said."""

from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leadline.data.cache import ImageCache
from leadline.data.loader import cached_images
from leadline.data.manifest import Manifest, describe_problems
from leadline.data.preprocessing import Preprocessing, resize
from leadline.errors import DataError
from leadline.progress import SILENT, Progress

SHOWN = 3
TOGETHER = 64


@dataclass(frozen=True)
class DecodedImages:
    """The usable images of a manifest. Both caches number them as its `usable` does; where crops need no larger images
    they are the same."""

    training: ImageCache  # what crops are cut from
    judged: ImageCache  # at the size that the network works at: validation and test images

    @staticmethod
    def of(
        manifest: Manifest,
        decoding: Preprocessing,
        *,
        training_size: int,
        progress: Progress = SILENT,
    ) -> "DecodedImages":
        """All of them decoded: training images at `training_size`, the others at the size of `decoding`.

        Notes say which could not be decoded. Raises DataError where images have
        changed or vanished since they were examined, and where what can be decoded leaves a split without images or the
        training without a class.
        """
        judged = ImageCache(manifest, decoding)
        if training_size == decoding.size:
            images = DecodedImages(judged, judged)
            judged.fill(np.arange(len(judged.names)), progress=progress)
        else:
            images = DecodedImages(ImageCache(manifest, replace(decoding, size=training_size)), judged)
            in_training = manifest.usable["split"].eq_missing("train").to_numpy()
            training, others = np.flatnonzero(in_training), np.flatnonzero(~in_training)
            images.training.fill(training, progress=progress)
            judged.fill(others, progress=progress)
        images._refuse_changed(manifest)
        images._refuse_empty(manifest, progress)
        return images

    @property
    def errors(self) -> dict[int, str]:
        """Row → why it could not be decoded."""
        return {**self.judged.errors, **self.training.errors}

    def sample(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """The readable training images among `rows`, at the size that the network works at."""
        size = self.judged.size
        batches = cached_images(self.training, rows, batch_size=TOGETHER)
        return np.stack([resize(image, size) for image in chain.from_iterable(batch.pixels for batch in batches)])

    def _refuse_changed(self, manifest: Manifest) -> None:
        lost = sorted(self.judged.passing | self.training.passing)
        if lost and not manifest.root.exists():
            raise DataError(
                f"{manifest.root}: no such folder, and it held the images; connect its drive, put it back or, if it "
                "has moved, put a link to its new place there, and go on with --resume"
            )
        if lost:
            shown = "; ".join(f"{self.judged.names[row]}: {self.errors[row]}" for row in lost[:SHOWN])
            more = f"; and {len(lost) - SHOWN:,} more" if len(lost) > SHOWN else ""
            raise DataError(
                f"{manifest.root}: {len(lost):,} of the {len(self.judged.names):,} images are not what they were when "
                f"the data were examined ({shown}{more}); put them back and go on with --resume, or train anew into a "
                "new folder"
            )

    def _refuse_empty(self, manifest: Manifest, progress: Progress) -> None:
        examined = manifest.usable
        reasons = pl.Series([self.errors.get(row, "") for row in range(len(examined))], dtype=pl.String)
        found = examined.with_columns(error=reasons)
        lost, left = found.filter(pl.col("error") != ""), found.filter(error="")
        for note in describe_problems(lost):
            progress.note(note)
        empty = lost.join(left, on="split", how="anti").with_columns(label=pl.lit(None, pl.String))
        without_class = lost.filter(split="train").join(left.filter(split="train"), on="label", how="anti")
        for one in pl.concat([empty, without_class]).head(1).iter_rows(named=True):
            of_class = f" of the class {one['label']!r}" if one["label"] else ""
            raise DataError(
                f"{manifest.source}: none of the {one['split']} images{of_class} can be decoded ({one['path']}: "
                f"{one['error']}); add images that can, and train into a new folder"
            )
