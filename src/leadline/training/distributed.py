"""Several processes that train one network, started by torchrun: each computes on its share of every batch, and the
first one alone decides, validates and writes."""

import os

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from leadline.inference.hardware import Hardware
from leadline.progress import Progress
from leadline.ranks import Group
from leadline.training.recipe import Recipe


def shared(group: Group, network: nn.Module, recipe: Recipe, hardware: Hardware, progress: Progress) -> nn.Module:
    """The network as it is trained: its gradients become the mean of those of all processes."""
    if group.size == 1:
        if recipe.sync_bn:
            progress.note("--sync-bn: there is one process only, whose batch statistics are of the whole batch")
        return network
    normalised = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
    if normalised and recipe.sync_bn and hardware.device == "cuda":
        network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
    elif normalised:
        why = f"; --sync-bn needs CUDA, and this is {hardware.device}" if recipe.sync_bn else ""
        progress.note(f"batch statistics are of each process's {recipe.batch_size // group.size} images{why}")
    devices = [torch.cuda.current_device()] if hardware.device == "cuda" else None
    thaws = recipe.tune == "gradual"
    return DistributedDataParallel(network, device_ids=devices, find_unused_parameters=thaws)


def announce(group: Group, folder: str) -> None:
    """Tell the others which run is trained next; "" when there is none."""
    group.broadcast(os.fsencode(folder))


def announced(group: Group) -> str:
    """What the first process announces, when it does."""
    return os.fsdecode(group.broadcast())
