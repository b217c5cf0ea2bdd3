"""The module that is exported: its answers are those of the one prediction path, its map the one that it is called."""

import numpy as np
import pytest
import torch
from torch import nn

from leadline.errors import LeadlineError
from leadline.exporters.deployed import Deployed, DeployedWithMap
from leadline.exporters.head_gradient import head_gradient
from leadline.exporters.verification import verify
from leadline.saliency.maps import maps_of

from .conftest import MakeSubject

GLOBAL_POOLING = [
    "nin_small",
    "nin_cifar10",
    "googlenet_small",
    "resnet20_cifar",
    "resnext_small",
    "densenet_small",
]
CONNECTED = ["lenet5", "alexnet_small", "vgg_small"]


@pytest.mark.parametrize("architecture", [*GLOBAL_POOLING, *CONNECTED])
def test_it_answers_as_the_prediction_path_does(make_subject: MakeSubject, architecture: str) -> None:
    subject = make_subject(architecture)
    with torch.inference_mode():
        logits, probabilities = Deployed(subject.classifier)(torch.from_numpy(subject.samples.images))
    np.testing.assert_allclose(probabilities.numpy(), subject.samples.probabilities, atol=1e-6)
    np.testing.assert_allclose(logits.softmax(1).numpy(), subject.samples.probabilities, atol=1e-6)


def test_it_scales_intensities_as_the_classifier_was_told(make_subject: MakeSubject) -> None:
    subject = make_subject(channels=2, dtype="uint16", low=(100.0, 200.0), high=(30000.0, 40000.0))
    with torch.inference_mode():
        _, probabilities = Deployed(subject.classifier)(torch.from_numpy(subject.samples.images))
    np.testing.assert_allclose(probabilities.numpy(), subject.samples.probabilities, atol=1e-6)


@pytest.mark.parametrize("architecture", [*GLOBAL_POOLING, *CONNECTED])
def test_its_map_is_that_of_explain(make_subject: MakeSubject, architecture: str) -> None:
    subject = make_subject(architecture)
    expected = maps_of(subject.classifier.network, subject.classifier.preprocessing, subject.samples.pixels)
    module = DeployedWithMap(subject.classifier)
    with torch.inference_mode():
        _, _, maps = module(torch.from_numpy(subject.samples.images))
    assert module.method == expected.method
    scale = float(np.abs(expected.values).max())
    assert scale > 0
    np.testing.assert_allclose(maps.numpy() / scale, expected.values / scale, atol=1e-4)


@pytest.mark.parametrize("architecture", CONNECTED)
def test_the_gradient_of_a_head_is_autograds(make_subject: MakeSubject, architecture: str) -> None:
    network = make_subject(architecture).classifier.network
    head = network.get_submodule("classifier")
    assert isinstance(head, nn.Sequential)
    width = {"lenet5": (16, 5), "alexnet_small": (128, 4), "vgg_small": (256, 4)}[architecture]
    features = torch.randn(4, width[0], width[1], width[1], requires_grad=True)
    chosen = torch.eye(3)[[0, 1, 2, 1]]
    logits = head(features if isinstance(head[0], nn.Conv2d | nn.Flatten) else features.flatten(1))
    (expected,) = torch.autograd.grad((logits * chosen).sum(), features)
    with torch.inference_mode():
        gradient = head_gradient(head, features.detach(), chosen)
    np.testing.assert_allclose(gradient.numpy(), expected.numpy(), rtol=1e-4, atol=1e-7)


def test_what_answers_otherwise_is_refused(make_subject: MakeSubject) -> None:
    samples = make_subject().samples
    right = dict(zip(map(bytes, samples.images), samples.probabilities, strict=True))

    def answers(images: np.ndarray, *, off: float = 0.0) -> np.ndarray:
        return np.stack([right[bytes(image)] for image in images]) + np.array([off, -off, 0])

    same = verify(answers, samples, format="this")
    assert (same.largest_difference, same.equal_answers, same.batch_sizes) == (0, 1, (1, 2, 7))
    assert verify(lambda images: answers(images, off=9e-4), samples, format="this").largest_difference > 8e-4
    for off in (2e-3, np.nan):
        with pytest.raises(LeadlineError, match=r"this: .* nothing was written"):
            verify(lambda images, off=off: answers(images, off=off), samples, format="this")


def test_what_is_wrong_in_one_batch_size_alone_is_refused(make_subject: MakeSubject) -> None:
    subject = make_subject()
    module = Deployed(subject.classifier)

    def mixes_batches(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            probabilities = module(torch.from_numpy(images))[1].numpy()
        return probabilities if len(images) < 7 else probabilities[::-1]

    with pytest.raises(LeadlineError, match="differs"):
        verify(mixes_batches, subject.samples, format="this")
