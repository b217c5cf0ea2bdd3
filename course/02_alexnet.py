# %% [markdown]
# # 2. AlexNet, 2012
#
# The network that ended a decade of hand-made features. What is in it, what did its two GPUs not tell each other,
# and do rectified units really train faster?

# %%
import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline
from leadline.zoo.alexnet import LAYERS

# %% [markdown]
# ## Build it from its table
# Figure 2 of the paper as a table: maps, kernel, stride, padding, and the number of GPUs that do not talk to each
# other.

# %%
for row in LAYERS["two GPUs"]:
    print(row)

# %% [markdown]
# Five convolutions, three poolings of 3 × 3 with stride 2 (they overlap), three fully connected layers. With an
# image of 227 pixels nothing has to be rounded up.

# %%
features, channels = [], 3
for number, (maps, kernel, stride, padding, groups) in enumerate(LAYERS["two GPUs"], start=1):
    features += [nn.Conv2d(channels, maps, kernel, stride, padding, groups=groups), nn.ReLU()]
    if number in (1, 2, 5):
        features.append(nn.MaxPool2d(3, 2))
    channels = maps
mine = nn.Sequential(
    *features,
    *(nn.Flatten(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(), nn.Dropout()),
    *(nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000)),
)
print(f"{parameters(mine):,}; the paper says 60 million")
assert parameters(mine) == parameters(leadline.create_model("alexnet"))

# %% [markdown]
# ## Look at it
# Where are the parameters, and where is the work? (Local response normalisation has no parameters, and is left out
# above.)

# %%
look(mine, (3, 227, 227))

# %% [markdown]
# ## Two towers
# If an output depends on an input, its gradient is not zero. On which maps of the first layer does the first map of
# the *second* layer depend, and on which maps of the second does the first map of the *third*?

# %%
for name, layer in (("conv2", features[3]), ("conv3", features[6])):
    maps = torch.rand(1, layer.in_channels, 13, 13, requires_grad=True)
    layer(maps)[0, 0].sum().backward()
    seen = (maps.grad[0].abs().sum(dim=(1, 2)) > 0).nonzero().flatten().tolist()
    print(f"{name}, map 0, depends on {len(seen)} of {layer.in_channels} maps: {seen[0]} to {seen[-1]}")

# %% [markdown]
# ## Train it: rectified units against sigmoids
# LeNet-5 with both kinds of units, on the same images in the same order.

# %%
train("lenet5+relu", epochs=15)
train("lenet5+sigmoid", epochs=15)
train("alexnet_small")

# %% [markdown]
# ## The claims of the lecture

# %%
judge("alexnet-shape", "alexnet-two-gpus", "alexnet-result", "relu", "regularisation", "overlapping-pooling", "lrn")

# %% [markdown]
# ## Questions
# 1. Which share of the parameters is in the three fully connected layers, and which share of the multiply-adds?
# 2. What would the two-GPU network cost without the grouping? (`leadline inspect alexnet_ungrouped`)
# 3. The slides say 84.7 % top-5. Whose result is that?
# 4. The lab could not show that LRN helps. Does that contradict the paper? What would you need to decide it?
