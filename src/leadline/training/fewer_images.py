"""Would more images help? The network that a comparison chose, trained again on fewer and fewer of the images.

    COMPARISON/learning-curve/500, 250, …    a run per number of training images (and seed); none sees the test images

Every training has as many steps as the one on all images. With as many epochs instead, a training on an eighth of the
images would also have an eighth of the steps, and the curve would rise from more training as much as from more images.
So small sets are gone through more often here than anyone would choose, and overfit if they may: the curve shows what
these images are worth for the same work, and if anything too steep a rise where the training is long.
"""

from pathlib import Path
from statistics import fmean

import msgspec

from leadline.data.split.subset import halved
from leadline.errors import LeadlineError
from leadline.evaluation.learning_curve import UNKNOWN, learning_curve
from leadline.evaluation.predictions import Predictions
from leadline.evaluation.records import LearningCurve
from leadline.progress import Progress
from leadline.training.cross_validation import forget_checkpoints
from leadline.training.loop import Interrupted
from leadline.training.run_folder import LEARNING_CURVE, Run, begin
from leadline.training.training import train_one

# One half, a quarter and an eighth of the images, besides all of them.
HALVINGS = 3
NOT_SAID = "It cannot be said whether more images would help"

Trained = tuple[int, Predictions]  # how many images it was trained on, and what it says of the validation images


def trained_on_fewer(
    folder: Path, network: str, runs: list[Run], *, margin: float, progress: Progress
) -> LearningCurve:
    """What comparison.json says under "learning_curve": the points, the law where there is one, and the answer.

    `runs` are those of `network`, one per seed. Trains what is not trained yet; a subset whose training fails is left
    out and noted. Raises Interrupted with the folder of the curve.
    """
    found: list[list[Trained]] = [[] for _ in range(HALVINGS + 1)]
    for run in runs:
        recipe, manifest = run.recipe, run.manifest
        found[0].append(_trained(run))
        for halving, subset in enumerate(halved(manifest, HALVINGS, seed=recipe.seed), start=1):
            images = len(subset.usable.filter(split="train"))
            seed = "" if len(runs) == 1 else f"-seed{recipe.seed}"
            own = Run(folder / LEARNING_CURVE / f"{network}-{images}{seed}")
            try:
                if not own.finished:
                    progress.note(f"{network}: on {images:,} of {found[0][-1][0]:,} training images")
                    if not (own.folder / "recipe.toml").is_file():
                        begin(own, recipe, subset)
                    train_one(own, recipe, subset, progress=progress, part=True)
                forget_checkpoints(own)
            except Interrupted:
                raise Interrupted(str(folder / LEARNING_CURVE)) from None
            except LeadlineError as error:
                progress.note(f"{network} on {images:,} images: left out of the curve, {error}")
                continue
            found[halving].append(_trained(own))
    # Subsets of whole groups differ a little in size from seed to seed.
    sizes = {round(fmean(images for images, _ in same)): [one for _, one in same] for same in found if same}
    if len(sizes) < 2:
        reason = f"{NOT_SAID}: no part of the training images has every class."
        return LearningCurve(answer=UNKNOWN, reason=reason, network=network)
    curve = learning_curve(sizes, margin=margin)
    return msgspec.structs.replace(curve, network=network, steps=runs[0].recipe.steps)


def _trained(run: Run) -> Trained:
    return len(run.manifest.usable.filter(split="train")), run.predictions.of_split("validation")
