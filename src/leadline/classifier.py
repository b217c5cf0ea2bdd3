"""The trained artefact: network, classes and preprocessing, as plain files without pickle."""

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file as load_arrays
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file
from torch import nn

from leadline.data.preprocessing import Preprocessing
from leadline.data.sources.walking import shown
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.novelty import Novelty
from leadline.wording import visible_json
from leadline.writing import in_one_piece, written
from leadline.zoo import build_model

FORMAT = 1
WEIGHTS, DESCRIPTION = "model.safetensors", "classifier.json"
NOVELTY = "novelty.safetensors"  # may be missing


@dataclass(frozen=True)
class Classifier:
    """Everything that predicting with a network takes."""

    network: nn.Module
    architecture: str  # a name of the catalogue
    classes: tuple[str, ...]  # the meaning of the logits, in order
    preprocessing: Preprocessing
    provenance: dict[str, Any] = field(default_factory=dict)  # how it came about: data, recipe, versions
    temperature: float = 1.0  # its logits are divided by it, so that its probabilities mean what they say
    novelty: Novelty | None = None  # what tells images apart that are unlike the training images

    def save(self, folder: Path) -> None:
        """Write `model.safetensors` and `classifier.json` into `folder`, and `novelty.safetensors` where that is known,
        each replaced in one piece."""
        description = {
            "format": FORMAT,
            "architecture": self.architecture,
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.to_dict(),
            "temperature": self.temperature,
            "provenance": self.provenance,
        }
        weights = {name: value.detach().cpu().contiguous() for name, value in self.network.state_dict().items()}
        with written(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with in_one_piece(folder / WEIGHTS) as new_weights, in_one_piece(folder / DESCRIPTION) as new_description:
            save_file(weights, new_weights)
            text = visible_json(shown(json.dumps(description, indent=2, ensure_ascii=False)))
            new_description.write_text(text + "\n", "utf-8")
        if self.novelty:
            with in_one_piece(folder / NOVELTY) as new_novelty:
                save_arrays(self.novelty.to_arrays(), new_novelty)


def load(path: str | Path) -> Classifier:
    """The classifier of a run folder, or of the `classifier/` folder in it, in evaluation mode on the CPU.

    Raises LeadlineError that names the missing or damaged file.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise LeadlineError(f"{folder}: no such folder")
    if (folder / "classifier").is_dir():
        folder = folder / "classifier"
    elif (folder / "metrics.json").is_file():
        raise LeadlineError(
            f"{folder}: its classifier/ is missing; train it again: leadline train --recipe {folder / 'recipe.toml'}"
        )
    elif (folder / "recipe.toml").is_file():
        raise LeadlineError(f"{folder}: its training is not finished; go on with: leadline train --resume {folder}")
    try:
        description = json.loads((folder / DESCRIPTION).read_text("utf-8"))
        if description["format"] != FORMAT:
            raise LeadlineError(
                f"{folder / DESCRIPTION}: has format {description['format']}, this Leadline reads {FORMAT}"
            )
        classes = msgspec.convert(description["classes"], tuple[str, ...])
        if not classes or len(set(classes)) < len(classes):
            raise ValueError("its classes must be several, and differ")
        preprocessing = Preprocessing.from_dict(description["preprocessing"])
        temperature = float(description.get("temperature", 1.0))  # older ones were not calibrated
        if not 0 < temperature < math.inf:
            raise LeadlineError(f"{folder / DESCRIPTION}: temperature {temperature}: must be a number above 0")
        provenance = dict(description["provenance"])
        with torch.random.fork_rng(devices=[]):  # it is initialised in vain, and the caller's state is the caller's
            network = build_model(
                description["architecture"], num_classes=len(classes), in_channels=preprocessing.channels
            )
        weights = load_file(folder / WEIGHTS)
        network.load_state_dict(weights)
        strange = next((name for name, value in weights.items() if not value.isfinite().all()), None)
        if strange is not None:
            raise LeadlineError(f"{folder / WEIGHTS}: {strange} holds what is no finite number; put a copy of it back")
    except UsageError as error:  # of a network that the catalogue does not have
        raise LeadlineError(f"{folder / DESCRIPTION}: {error}") from error
    except FileNotFoundError as error:
        raise LeadlineError(
            f"{folder}: has no {DESCRIPTION if 'json' in str(error) else WEIGHTS}, so it holds no finished classifier"
        ) from None
    except OSError as error:
        raise LeadlineError(f"{folder}: cannot be read ({error.strerror or error})") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, msgspec.ValidationError) as error:
        raise LeadlineError(
            f"{folder / DESCRIPTION}: is damaged ({error!r}); put a copy of it back, or train again"
        ) from error
    except (SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise LeadlineError(
            f"{folder / WEIGHTS}: does not hold the weights of {description['architecture']} ({reason}); put a copy of "
            "it back, or train again"
        ) from error
    return Classifier(
        network.eval(), description["architecture"], classes, preprocessing, provenance, temperature, _novelty(folder)
    )


def _novelty(folder: Path) -> Novelty | None:
    file = folder / NOVELTY
    if not file.is_file():
        return None
    try:
        arrays = load_arrays(file)
    except (SafetensorError, OSError) as error:
        raise LeadlineError(f"{file}: cannot be read ({error}); remove it, or train again") from error
    return Novelty.from_arrays(arrays, file=str(file))
