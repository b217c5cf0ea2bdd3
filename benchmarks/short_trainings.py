"""What a network learns in few steps, by optimiser, peak rate and size: for `training.defaults` and `verbs.pace`.

    python benchmarks/short_trainings.py --data digits --size 8 --steps 100 300 1000
    python benchmarks/short_trainings.py --data cells.npz --size 32 --steps 100 300 1000
    python benchmarks/short_trainings.py --data cells.npz --sizes --networks resnet20_cifar

A plain loop on one device, so that the rates are not judged by the program that uses them: cosine to zero after a tenth
of warm-up, batches of 32, gradients cut at norm 1, labels smoothed by 0.1, images shifted by up to an eighth and, but
for digits, mirrored. An .npz file holds xtr, ytr, xte, yte: uint8 images (n, height, width, channels) and classes.
Prints test accuracy in per cent; a row per network and number of steps.
"""

import argparse
import math

import numpy as np
import torch
import torch.nn.functional as F

from leadline.pretrained.create import create_model
from leadline.zoo import architecture

NETWORKS = (
    "lenet5", "alexnet_small", "vgg_small", "nin_small", "googlenet_small", "resnet20_cifar", "resnext_small",
    "densenet_small",
)  # fmt: skip
RATES = {"sgd": (0.00625, 0.0125, 0.025, 0.05, 0.1), "adamw": (5e-4, 1e-3, 2e-3, 4e-3, 8e-3)}
# Of about equal cost: four times the steps at half the side.
SIZES = ((64, 75), (48, 133), (32, 300), (24, 533), (16, 1200), (64, 300), (48, 533), (32, 1200))
BATCH = 32

Images = dict[str, torch.Tensor]


def read(data: str, size: int, device: str) -> Images:
    """Images (n, channels, size, size), normalised by the training images, and labels."""
    if data == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        order = np.random.default_rng(0).permutation(len(digits.images))
        images, labels = (digits.images[order] / 16)[..., None], digits.target[order]
        arrays = {"xtr": images[:1258], "ytr": labels[:1258], "xte": images[1258:], "yte": labels[1258:]}
    else:
        with np.load(data) as file:
            arrays = {name: file[name] / (255 if name.startswith("x") else 1) for name in ("xtr", "ytr", "xte", "yte")}
    found = {name: torch.from_numpy(np.asarray(values)).to(device) for name, values in arrays.items()}
    for name in ("xtr", "xte"):
        images = found[name].float().permute(0, 3, 1, 2)
        found[name] = F.interpolate(images, size=(size, size), mode="bilinear", antialias=True)
    mean, std = found["xtr"].mean((0, 2, 3), keepdim=True), found["xtr"].std((0, 2, 3), keepdim=True)
    return {name: (values - mean) / std if name.startswith("x") else values.long() for name, values in found.items()}


def accuracy(data: str, images: Images, network: str, optimizer: str, rate: float, steps: int, seed: int = 0) -> float:
    """Of the test images, after `steps`."""
    torch.manual_seed(seed)
    random = torch.Generator().manual_seed(seed)
    device, size = images["xtr"].device, images["xtr"].shape[-1]
    model = create_model(network, num_classes=int(images["ytr"].max()) + 1, in_channels=images["xtr"].shape[1]).to(
        device
    )
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 5e-4 if optimizer == "sgd" else 0.05},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if optimizer == "sgd":
        chosen: torch.optim.Optimizer = torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)
    else:
        chosen = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99))
    warmup, reach, order = 0.1 * steps, max(1, size // 8), torch.empty(0, dtype=torch.long)
    model.train()
    for step in range(steps):
        if len(order) < BATCH:
            order = torch.cat([order, torch.randperm(len(images["xtr"]), generator=random)])
        rows, order = order[:BATCH].to(device), order[BATCH:]
        batch = F.pad(images["xtr"][rows], (reach,) * 4, mode="replicate")
        tops, lefts = torch.randint(0, 2 * reach + 1, (2, BATCH), generator=random).tolist()
        moved = [image[:, t : t + size, left : left + size] for image, t, left in zip(batch, tops, lefts, strict=True)]
        batch = torch.stack(moved)
        if data != "digits":
            mirrored = (torch.rand(BATCH, generator=random) < 0.5).to(device)
            batch = torch.where(mirrored[:, None, None, None], batch.flip(3), batch)
        progress = (step - warmup + 1) / max(1.0, steps - warmup + 1)
        factor = (step + 1) / warmup if step + 1 < warmup else 0.5 * (1 + math.cos(math.pi * max(0.0, progress)))
        for group in chosen.param_groups:
            group["lr"] = rate * factor
        outputs = model(batch)
        heads = (outputs[0], *outputs[1]) if isinstance(outputs, tuple) else (outputs,)
        weights = (1.0, *[0.3] * (len(heads) - 1))
        loss = sum(
            w * F.cross_entropy(o, images["ytr"][rows], label_smoothing=0.1)
            for o, w in zip(heads, weights, strict=True)
        )
        chosen.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        chosen.step()
    model.eval()
    with torch.no_grad():
        right = [model(part).argmax(1) for part in images["xte"].split(500)]
    return 100 * float((torch.cat(right) == images["yte"]).float().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--steps", type=int, nargs="+", default=[100])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--sizes", action="store_true", help="sizes of about equal cost, AdamW at 0.004")
    asked = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    for network in asked.networks:
        smallest = architecture(network).minimum_size
        if asked.sizes:
            figures = []
            for size, steps in SIZES:
                if size >= smallest:
                    right = accuracy(asked.data, read(asked.data, size, device), network, "adamw", 0.004, steps)
                    figures.append(f"{size}×{steps} {right:.1f}")
            print(f"{network:16s}", "  ".join(figures), flush=True)
            continue
        images = read(asked.data, max(asked.size, smallest), device)
        for steps in asked.steps:
            for optimizer, rates in RATES.items():
                figures = [
                    f"{rate:g} {accuracy(asked.data, images, network, optimizer, rate, steps):.1f}" for rate in rates
                ]
                print(f"{network:16s} {steps:5d} {optimizer:6s}", "  ".join(figures), flush=True)


if __name__ == "__main__":
    main()
