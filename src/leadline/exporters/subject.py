"""What is handed to every format: the classifier, what is known of it, and real images to verify on."""

from dataclasses import dataclass
from pathlib import Path

import torch

from leadline import __version__
from leadline.classifier import Classifier
from leadline.exporters.verification import Samples
from leadline.page.assemble import Accuracy
from leadline.results.export_record import ExportRecord, ExportVerification


@dataclass(frozen=True)
class Subject:
    """A classifier that is exported."""

    classifier: Classifier
    name: str  # of its run
    samples: Samples
    accuracy: Accuracy | None = None
    card: str = ""  # its model card, Markdown
    image_side: int = 0  # pixels, the median short side of the images that it was trained on
    pixel_size: float | None = None  # of those, in µm
    min_confidence: float = 0.0  # below which a page says "uncertain"
    runtime: Path | None = None  # the folder of onnxruntime-web, where it is not in the package

    def record(self, format: str, verification: ExportVerification | None = None) -> ExportRecord:
        """What the exported file says of itself."""
        classifier = self.classifier
        return ExportRecord(
            format=format,
            name=self.name,
            architecture=classifier.architecture,
            classes=classifier.classes,
            preprocessing=classifier.preprocessing.to_dict(),
            temperature=classifier.temperature,
            verification=verification,
            leadline=__version__,
        )

    @property
    def example(self) -> torch.Tensor:
        """Two images, as a graph is traced with."""
        images = torch.from_numpy(self.samples.images)
        return images[:2] if len(images) > 1 else images.repeat(2, 1, 1, 1)
