"""Several processes that train one network, started by torchrun: each computes on its share of every batch, and the
first one alone decides, validates and writes."""

import os
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from leadline.errors import UsageError
from leadline.inference.hardware import Hardware
from leadline.progress import Progress
from leadline.training.recipe import Recipe

PATIENCE = timedelta(days=1)  # the others wait while the first one decodes or validates; torchrun ends them if it dies


@dataclass(frozen=True)
class Group:
    """The processes of a training, this one being number `rank` of `size`."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def shared(self, network: nn.Module, recipe: Recipe, hardware: Hardware, progress: Progress) -> nn.Module:
        """The network as it is trained: its gradients become the mean of those of all processes."""
        if self.size == 1:
            if recipe.sync_bn:
                progress.note("--sync-bn: there is one process only, whose batch statistics are of the whole batch")
            return network
        normalised = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
        if normalised and recipe.sync_bn and hardware.device == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        elif normalised:
            why = f"; --sync-bn needs CUDA, and this is {hardware.device}" if recipe.sync_bn else ""
            progress.note(f"batch statistics are of each process's {recipe.batch_size // self.size} images{why}")
        devices = [torch.cuda.current_device()] if hardware.device == "cuda" else None
        thaws = recipe.tune == "gradual"
        return DistributedDataParallel(network, device_ids=devices, find_unused_parameters=thaws)

    def total(self, values: Tensor) -> Tensor:
        """The sum over all processes, in each of them."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def any(self, asked: bool) -> bool:
        """Whether it is so in one of the processes."""
        return bool(self.total(torch.tensor([int(asked)]))[0]) if self.size > 1 else asked

    def announce(self, folder: str) -> None:
        """Tell the others which run is trained next; "" when there is none."""
        if self.size > 1:
            text = torch.frombuffer(bytearray(folder.encode("utf-8", "surrogateescape") + b"\0"), dtype=torch.uint8)
            dist.broadcast(torch.tensor([len(text)]), src=0)
            dist.broadcast(text, src=0)

    def announced(self) -> str:
        """What the first process announces, when it does."""
        length = torch.zeros(1, dtype=torch.int64)
        dist.broadcast(length, src=0)
        text = torch.zeros(int(length), dtype=torch.uint8)
        dist.broadcast(text, src=0)
        return bytes(text.tolist()).removesuffix(b"\0").decode("utf-8", "surrogateescape")


ALONE = Group()


def launched() -> Group:
    """The processes that torchrun started together with this one, which joins them; ALONE where it started none."""
    size = int(os.environ.get("WORLD_SIZE", "1")) if "TORCHELASTIC_RUN_ID" in os.environ else 1
    if size == 1:
        return ALONE
    if not dist.is_initialized():
        backend = "gloo"
        if torch.cuda.is_available():
            local = int(os.environ["LOCAL_RANK"])
            if local >= torch.cuda.device_count():
                raise UsageError(f"torchrun: --nproc-per-node is more than the {torch.cuda.device_count()} GPUs here")
            torch.cuda.set_device(local)
            backend = "cpu:gloo,cuda:nccl"
        dist.init_process_group(backend, timeout=PATIENCE)
    return Group(dist.get_rank(), dist.get_world_size())


def restarted() -> bool:
    """Whether torchrun has started these processes again, because one of them had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0
