"""Labels to look at again: the images whose label the predictions of held-out images contradict."""

from dataclasses import dataclass

from leadline.evaluation.suspects import suspects
from leadline.report.mistakes import Thumbnail, changes_of, thumbnail_of
from leadline.report.run_tables import Network

SHOWN = 24


@dataclass(frozen=True)
class Suspect:
    path: str
    split: str
    label: str
    likely: str
    p_label: float
    p_likely: float
    thumbnail: Thumbnail


@dataclass(frozen=True)
class Doubts:
    suspects: tuple[Suspect, ...]
    total: int
    images: int  # that were judged
    kind: str  # of images: "validation and test", "out-of-fold"
    estimated_errors: float

    @property
    def changes(self) -> tuple[str, ...]:
        return changes_of(suspect.thumbnail for suspect in self.suspects)


def doubtful_labels(network: Network) -> Doubts | None:
    """Of the images that were judged, the most contradicted first; None where there are no predictions of any."""
    predictions = network.tables.predictions
    if predictions is None or not len(predictions.readable.labelled):
        return None
    contradicted = suspects(predictions)
    shown = tuple(
        Suspect(**{**row, "split": row["split"] or ""}, thumbnail=thumbnail_of(row["path"], network.tables))
        for row in contradicted.table.drop("margin").head(SHOWN).iter_rows(named=True)
    )
    splits = " and ".join(predictions.table["split"].unique(maintain_order=True).drop_nulls())
    return Doubts(shown, len(contradicted.table), contradicted.images, splits, contradicted.estimated_errors)
