# %% [markdown]
# # 7. ResNeXt, 2016
#
# Many narrow paths side by side for the price of one wide path. What do groups save, what do they cut off, and what
# does a machine make of the saving?

# %%
import time

import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline
from leadline.zoo.resnext import TABLE_1

# %% [markdown]
# ## Build a block from its table
# Table 1 of the paper, ResNeXt-50 (32 × 4d): in the first stage 32 groups of 4 channels within, 256 channels
# outside.

# %%
print(TABLE_1["ResNeXt-50 (32×4d)"])


def bottleneck(c: int, width: int, groups: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(c, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, width, 3, padding=1, groups=groups, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, c, 1, bias=False), nn.BatchNorm2d(c)),
    )


theirs = leadline.create_model("resnext50_32x4d").layer1[1]
assert parameters(bottleneck(256, 32 * 4, groups=32)) == parameters(theirs)

# %% [markdown]
# ## Look at it, beside ResNet's
# Twice as wide within, and yet about as cheap:

# %%
look(bottleneck(256, 64, groups=1), (256, 56, 56))
print()
look(bottleneck(256, 128, groups=32), (256, 56, 56))

# %% [markdown]
# ## What groups cut off
# On how many input channels does one output depend: of the grouped convolution alone, and with a 1 × 1 before it?

# %%
grouped = nn.Conv2d(128, 128, 3, padding=1, groups=32)
mixed = nn.Sequential(nn.Conv2d(128, 128, 1), grouped)
for name, layer in (("grouped 3×3", grouped), ("1×1, then grouped 3×3", mixed)):
    channels = torch.rand(1, 128, 5, 5, requires_grad=True)
    layer(channels)[0, 0].sum().backward()
    print(f"{name}: {int((channels.grad[0].abs().sum(dim=(1, 2)) > 0).sum())} of 128")

# %% [markdown]
# ## What the machine makes of it
# g groups divide the multiply-adds by g. And the time?

# %%
maps = torch.rand(8, 128, 28, 28)
with torch.inference_mode():
    for groups in (1, 2, 4, 8, 32):
        layer = nn.Conv2d(128, 128, 3, padding=1, groups=groups)
        layer(maps)  # warms up
        started = time.perf_counter()
        for _ in range(10):
            layer(maps)
        print(
            f"{groups:3} groups: {128 * 128 * 9 // groups:7,} weights, {(time.perf_counter() - started) * 100:.1f} ms"
        )

# %% [markdown]
# ## Train it: one group against many, at equal cost

# %%
train("resnext_small+1x32d")
train("resnext_small+32x2d")

# %% [markdown]
# ## The claims of the lecture

# %%
judge("grouped-cost", "block-cost", "groups-isolate", "cardinality", "resnext-cost")

# %% [markdown]
# ## Questions
# 1. Write the cost of the three layers of a block with c, b and g. Which one do the groups make cheaper?
# 2. The time falls by less than g. What else takes time in a convolution?
# 3. AlexNet had two groups in 2012. Why, and why are there 32 here?
# 4. "At equal cost, more groups do no harm." Why is this claim easier to show than "more groups are better"?
