# %% [markdown]
# # 3. VGG, 2014
#
# Nothing but 3 × 3 filters, in stacks. What does a stack see, what does it save, and does VGG have fewer parameters
# than AlexNet, as is often said?

# %%
import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline
from leadline.zoo.vgg import CONFIGURATIONS

# %% [markdown]
# ## Build it from its table
# Table 1 of the paper: a number is a 3 × 3 convolution to so many channels, "M" a 2 × 2 max-pooling.

# %%
print("A:", CONFIGURATIONS["A"])
print("D:", CONFIGURATIONS["D"])


def vgg(configuration: str) -> nn.Sequential:
    layers, channels = [], 3
    for entry in CONFIGURATIONS[configuration]:
        if entry == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, entry, 3, padding=1), nn.ReLU()]
            channels = entry
    head = [nn.Flatten(), nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
    return nn.Sequential(*layers, *head, nn.Dropout(), nn.Linear(4096, 1000))


mine = vgg("A")
assert parameters(mine) == parameters(leadline.create_model("vgg_a")) == 132_863_336

# %% [markdown]
# ## Look at it
# Follow the size of the maps and the number of channels. Which one layer holds most of the network?

# %%
look(mine, (3, 224, 224))
del mine

# %% [markdown]
# ## What a stack sees
# A gradient again: which pixels of the image matter to the middle output?

# %%
for depth in (1, 2, 3):
    stack = nn.Sequential(*[nn.Conv2d(1, 1, 3, bias=False) for _ in range(depth)])
    image = torch.rand(1, 1, 15, 15, requires_grad=True)
    output = stack(image)
    output[0, 0, output.shape[2] // 2, output.shape[3] // 2].backward()
    side = int((image.grad[0, 0] != 0).any(dim=0).sum())
    print(f"{depth} × 3×3: sees {side}×{side} with {9 * depth} weights; one {side}×{side} filter has {side * side}")

# %% [markdown]
# ## Train it: small filters against large ones
# `vgg_small` has stacks of 3 × 3; `+large-filters` has one filter of the same receptive field in the place of each
# stack.

# %%
train("vgg_small")
train("vgg_small+large-filters")

# %% [markdown]
# ## The claims of the lecture

# %%
judge("stacked-3x3", "25-vs-27", "vgg-block", "vgg-fewer-parameters", "deep-narrow", "vgg-slow")

# %% [markdown]
# ## Questions
# 1. "Three 3 × 3 filters have 27 weights, one 5 × 5 has 25." What is wrong with this comparison?
# 2. A and B differ by two layers, D and E by three. How do their parameters and multiply-adds differ, and why so
#    unequally?
# 3. The pixels at the corner of a receptive field hardly matter. Look at the gradient's *values*: can you say why?
# 4. One training of each network cannot tell which is better. Compare your two intervals. How did the lab decide
#    it?
