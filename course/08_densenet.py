# %% [markdown]
# # 8. DenseNet, 2016
#
# Do not add: concatenate. How do the channels grow, what does the last layer see, and what does it cost to keep
# everything?

# %%
import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline
from leadline.zoo.densenet import TABLE_2

# %% [markdown]
# ## Build it from its table
# Table 2 of the paper: layers per block, growth rate k, channels of the first convolution. The plain DenseNet of 40
# layers:

# %%
print(TABLE_2["DenseNet (L=40, k=12)"])


class Layer(nn.Sequential):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, super().forward(x)], dim=1)


def densenet(blocks: tuple[int, ...], k: int, channels: int) -> nn.Sequential:
    layers = [nn.Conv2d(3, channels, 3, padding=1, bias=False)]
    for number, count in enumerate(blocks):
        if number > 0:  # a transition
            layers += [
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                nn.Conv2d(channels, channels, 1, bias=False),
                nn.AvgPool2d(2),
            ]
        for _ in range(count):
            layers.append(Layer(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, k, 3, padding=1, bias=False)))
            channels += k
    layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(channels, 10))


mine = densenet((12, 12, 12), 12, 16)
assert parameters(mine) == parameters(leadline.create_model("densenet40_k12_cifar")) == 1_019_722

# %% [markdown]
# ## Look at it
# Follow the channels: slopes within a block. (The BC variant halves them at each transition.)

# %%
look(mine, (3, 32, 32))

# %% [markdown]
# ## What the last layer sees
# Each block of 12 layers: on how many of its channels does the output of its last layer depend *directly*?

# %%
last = [layer for layer in mine if isinstance(layer, Layer)][11].eval()
maps = torch.rand(1, 16 + 11 * 12, 8, 8, requires_grad=True)
last(maps)[0, -1].sum().backward()
seen = int((maps.grad[0].abs().sum(dim=(1, 2)) > 0).sum())
print(f"{seen} of {maps.shape[1]} channels: the input and all 11 layers before")

# %% [markdown]
# ## What it costs to keep everything
# Layer l reads 16 + 12 l channels, so that one block of L layers copies a number of channels that grows with L².

# %%
for count in (6, 12, 24, 48):
    print(f"{count} layers: {sum(16 + 12 * layer for layer in range(count)):,} channels read")

# %% [markdown]
# ## Train it

# %%
train("densenet_small+10-layers")
train("densenet_small+22-layers")
train("resnet20_cifar")
for name in ("densenet_small+22-layers", "resnet20_cifar"):
    print(f"{name}: {parameters(leadline.create_model(name)):,} parameters")

# %% [markdown]
# ## The claims of the lecture

# %%
judge("concatenation", "growth", "dense-parameters", "dense-memory")

# %% [markdown]
# ## Questions
# 1. A block begins with 64 channels and k = 32. How many has it after 24 layers? After the transition of
#    DenseNet-BC?
# 2. ResNet adds, DenseNet concatenates. Write a concatenation and a 1 × 1 convolution that together are an
#    addition.
# 3. The published DenseNets reach ResNet's accuracy with fewer parameters; the lab's small one does not. What
#    differs?
# 4. `memory_efficient=True` computes the concatenations again in the backward pass. What does that cost?
