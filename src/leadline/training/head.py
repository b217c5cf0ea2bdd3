"""A new last layer on a frozen body: multinomial logistic regression on features that are computed once."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from torch import nn

from leadline.data.balance import class_weights
from leadline.errors import LeadlineError
from leadline.inference.engine import Engine
from leadline.inference.features import Features
from leadline.inference.hardware import Hardware
from leadline.progress import Progress
from leadline.ranks import ALONE, Group
from leadline.results.run_metrics import HeadFit, PenaltyTried
from leadline.training.checkpoint import State
from leadline.training.data import TrainingData
from leadline.training.loop import Interrupted, stop_between_steps
from leadline.zoo.last_layer import Body, set_last_layer

# What is added to the mean cross-entropy: half of one of these times the sum of the squared weights.
PENALTIES = (100.0, 10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4)
WORSE = 2  # penalties in a row that are worse than the best, after which weaker ones are not tried
UNTRIED = 0.01  # the penalty where the images are too few to try several
FOLDS = 5  # of the training images, in which the penalties are tried
MOST_ITERATIONS = 1000
ABSENT = 20.0  # how far below all others a class without training images lies, for the mean of the features


@dataclass(frozen=True)
class Head:
    """The last layer's weights (classes, width) and biases (classes,), and how they were found."""

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]
    penalty: float
    tried: dict[float, float]  # penalty → mean cross-entropy on training images in folds that it was not fitted on
    iterations: int
    converged: bool

    def logits(self, features: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(images, classes) of (images, width)."""
        found: NDArray[np.float64] = features @ self.weight.T + self.bias
        return found

    @property
    def record(self) -> HeadFit:
        """For metrics.json."""
        return HeadFit(
            parameters=self.weight.size + self.bias.size,
            penalty=self.penalty,
            tried=tuple(PenaltyTried(penalty, loss) for penalty, loss in self.tried.items()),
            iterations=self.iterations,
            converged=self.converged,
        )


def fit_head(
    network: nn.Module,
    data: TrainingData,
    hardware: Hardware,
    run: Path,
    progress: Progress,
    group: Group = ALONE,
) -> tuple[State, Head]:
    """Fit the last layer of `network` in place to the training images, and what the training says of itself.

    Images of one unit (a patient, say) stay together where the penalty is chosen. Raises Interrupted after SIGINT or
    SIGTERM; the features so far are kept. The processes of a `group` share the features; the others `share_features`.
    """
    recipe, rows, labels, classes = data.recipe, data.rows["train"], data.labels, data.classes
    units, preprocessing = data.units, data.preprocessing
    started = time.perf_counter()
    kept = features_of(network, data, hardware)
    blocks: list[NDArray[np.float32]] = []
    with stop_between_steps() as stopping:

        def stop_if_asked() -> None:
            if stopping.is_set():
                raise Interrupted(str(run))

        with progress.task(f"{recipe.model}, features", kept.images):
            for block in kept.blocks(group):
                blocks.append(block)
                progress.advance(len(block))
                stop_if_asked()
        features = np.concatenate(blocks)[rows]
        readable = np.isfinite(features).all(axis=1)
        if not readable.any():
            raise LeadlineError(
                f"{recipe.model}: gives no finite features of the training images; its weights do not fit"
            )
        features, own, together = features[readable], labels[rows][readable], units[rows][readable]
        weights = np.asarray(class_weights(own, classes))[own] if recipe.balance != "none" else None
        head = regress(
            features, own, together, classes=classes, weights=weights, seed=recipe.seed, between=stop_if_asked
        )
    if not head.converged:
        progress.note(f"{recipe.model}: the last layer was not settled after {MOST_ITERATIONS:,} iterations")
    set_last_layer(network, torch.from_numpy(head.weight), torch.from_numpy(head.bias))
    logits = head.logits(features)
    state = State(step=recipe.steps)
    state.history.append(
        {
            "epoch": 1.0,
            "step": recipe.steps,
            "learning_rate": 0.0,
            "train_loss": cross_entropy(logits, own),
            "train_accuracy": float((logits.argmax(axis=1) == own).mean()),
            **data.validate(Engine(network, classes, preprocessing, hardware)),
            "seconds": time.perf_counter() - started,
        }
    )
    progress.row(state.history[-1])
    state.seconds = time.perf_counter() - started
    return state, head


def features_of(network: nn.Module, data: TrainingData, hardware: Hardware) -> Features:
    """Those of the training images, before the last layer of `network`, which is moved to its device."""
    network.to(hardware.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub lacks it
    return Features.of(Body(network, name=data.recipe.model), data.images.training, data.preprocessing, hardware)


def share_features(network: nn.Module, data: TrainingData, hardware: Hardware, group: Group) -> None:
    """What a process that is not the first one of its `group` does while that one fits a head."""
    for _ in features_of(network, data, hardware).blocks(group):
        pass


def regress(
    features: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    units: NDArray[np.int64],
    *,
    classes: int,
    weights: NDArray[np.float64] | None = None,
    seed: int = 0,
    between: Callable[[], None] = lambda: None,
) -> Head:
    """The head that has the least penalised cross-entropy on `features`, (images, width), each of them standardised.

    Of PENALTIES the one with the least cross-entropy in folds of these images, whole `units` at a time. `weights` are
    the images' own in the loss; `between` is called before each fit. The result takes the features as they are.
    """
    wide = features.astype(np.float64)
    mean, deviation = wide.mean(axis=0), wide.std(axis=0)
    deviation[deviation <= 1e-6 * np.abs(mean) + 1e-12] = 1.0  # constant: it tells nothing
    wide = (wide - mean) / deviation
    tried = _tried(wide, labels, units, classes, weights, seed, between)
    penalty = min(tried, key=lambda one: tried[one], default=UNTRIED)
    between()
    weight, bias, iterations, converged = _fitted(wide, labels, classes, penalty, weights)
    weight = weight / deviation
    return Head(weight, bias - weight @ mean, penalty, tried, iterations, converged)


def _tried(
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    units: NDArray[np.int64],
    classes: int,
    weights: NDArray[np.float64] | None,
    seed: int,
    between: Callable[[], None],
) -> dict[float, float]:
    """The mean cross-entropy of each penalty over the images, each judged where it was not fitted; {} for too few.

    From the strongest on, and no further than WORSE penalties behind the best: the weak ones take the longest.
    """
    fewest = min(len(np.unique(units[labels == label])) for label in np.unique(labels))
    if fewest < 2 or len(np.unique(labels)) < 2:
        return {}
    dealer = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed % 2**32)
    folds = list(dealer.split(features, labels, units))
    if any(len(np.unique(labels[fitted_on])) < 2 for fitted_on, _ in folds):
        return {}
    found: dict[float, float] = {}
    for penalty in PENALTIES:
        loss = 0.0
        for fitted_on, judged_on in folds:
            between()
            own, judged = (None, None) if weights is None else (weights[fitted_on], weights[judged_on])
            weight, bias, *_ = _fitted(features[fitted_on], labels[fitted_on], classes, penalty, own)
            logits = features[judged_on] @ weight.T + bias
            loss += len(judged_on) / len(labels) * cross_entropy(logits, labels[judged_on], judged)
        found[penalty] = loss
        best = min(found, key=lambda one: found[one])
        if list(found).index(best) < len(found) - WORSE:
            break
    return found


def _fitted(
    features: NDArray[np.float64],
    labels: NDArray[np.int64],
    classes: int,
    penalty: float,
    weights: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], int, bool]:
    """Weights (classes, width), biases (classes,), how many iterations they took, and whether these sufficed."""
    weight, bias = np.zeros((classes, features.shape[1])), np.zeros(classes)
    present = np.unique(labels)
    if len(present) == 1:
        bias[:] = -ABSENT
        bias[present] = 0.0
        return weight, bias, 0, True
    total = float(len(labels) if weights is None else weights.sum())
    # Of two classes scikit-learn fits the difference of the weights, whose square is twice the sum of theirs.
    regression = LogisticRegression(C=(2 if len(present) == 2 else 1) / (penalty * total), max_iter=MOST_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by `converged`
        regression.fit(features, labels, sample_weight=weights)
    coefficients, intercepts = regression.coef_, regression.intercept_
    if len(present) == 2:  # one row, of the logit of the second class against the first
        coefficients, intercepts = (np.concatenate([-one / 2, one / 2]) for one in (coefficients, intercepts))
    weight[present] = coefficients
    bias[:] = intercepts.min() - ABSENT
    bias[present] = intercepts
    iterations = int(np.max(regression.n_iter_))
    return weight, bias, iterations, iterations < MOST_ITERATIONS


def cross_entropy(
    logits: NDArray[np.float64], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """The mean over the images, or their weighted mean."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    each = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]
    return float(np.average(each, weights=weights))
