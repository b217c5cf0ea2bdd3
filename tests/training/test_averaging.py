"""Averaged weights are the mean over the last steps, and validation sees what is kept."""

import torch
from torch import nn

from leadline.training import averaging

from .test_schedule import recipe


def test_it_is_the_mean_of_all_states_that_were_added() -> None:
    torch.manual_seed(0)
    network, average, states = nn.BatchNorm2d(4), {}, []  # type: ignore[var-annotated]
    for count in range(1, 8):
        network(torch.randn(3, 4, 2, 2))
        with torch.no_grad():
            network.weight.normal_()
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        averaging.add(average, network, count=count)
    for name in ("weight", "running_mean", "running_var"):
        assert torch.allclose(average[name], torch.stack([state[name] for state in states]).mean(0), atol=1e-6)
    assert average["num_batches_tracked"] == 7


def test_the_network_has_its_own_weights_again_afterwards() -> None:
    network = nn.Linear(2, 1)
    own = network.weight.detach().clone()
    average = {name: torch.full_like(value, 5) for name, value in network.state_dict().items()}
    with averaging.installed(network, average):
        assert (network.weight == 5).all()
    assert torch.equal(network.weight, own)
    with averaging.installed(network, {}):
        assert torch.equal(network.weight, own)


def test_which_steps_count() -> None:
    assert averaging.first_step(recipe(steps=200, averaged=0.1)) == 180
    assert averaging.first_step(recipe(steps=200)) == 200
