# %% [markdown]
# # 4. Network in Network, 2013
#
# Away with the fully connected layers: 1 × 1 convolutions, and averages at the end. What is a 1 × 1 convolution,
# and what does it save?

# %%
import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline
from leadline.zoo.nin import BLOCKS

# %% [markdown]
# ## Build it from its table
# A block: a convolution (maps, kernel, stride, padding), then two 1 × 1 layers. 0 stands for the number of classes.

# %%
for row in BLOCKS["CIFAR-10"]:
    print(row)


def nin(classes: int) -> nn.Sequential:
    layers, channels = [], 3
    for number, (maps, kernel, stride, padding, *ones) in enumerate(BLOCKS["CIFAR-10"]):
        layers += [nn.MaxPool2d(3, 2, ceil_mode=True), nn.Dropout()] * (number > 0)
        layers += [nn.Conv2d(channels, maps, kernel, stride, padding), nn.ReLU()]
        channels = maps
        for width in ones:
            layers += [nn.Conv2d(channels, width or classes, 1), nn.ReLU()]
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


mine = nin(10)
assert parameters(mine) == parameters(leadline.create_model("nin_cifar10")) == 966_986

# %% [markdown]
# ## Look at it
# There is one map for each class at the end, and its mean is the class's logit.

# %%
look(mine, (3, 32, 32))

# %% [markdown]
# ## A 1 × 1 convolution is a fully connected layer at every position
# The same weights, once as a convolution over all positions, once as a fully connected layer called for each
# position.

# %%
convolution, linear = nn.Conv2d(96, 16, 1), nn.Linear(96, 16)
linear.weight.data = convolution.weight.data[:, :, 0, 0].clone()
linear.bias.data = convolution.bias.data.clone()
maps = torch.rand(1, 96, 8, 8)
with torch.inference_mode():
    everywhere = convolution(maps)[0]
    one_by_one = torch.stack([linear(maps[0, :, y, x]) for y in range(8) for x in range(8)], dim=1).reshape(16, 8, 8)
print("largest difference:", (everywhere - one_by_one).abs().max().item())
assert torch.allclose(everywhere, one_by_one, atol=1e-5)

# %% [markdown]
# ## Train it: averages against a fully connected head

# %%
train("nin_small", epochs=3)
train("nin_small+fully-connected", epochs=3)
for name in ("nin_small", "nin_small+fully-connected"):
    print(f"{name}: {parameters(leadline.create_model(name)):,} parameters")

# %% [markdown]
# ## The claims of the lecture

# %%
judge("fc-dominates", "nin-parameters", "1x1-is-mlp", "gap-no-parameters")

# %% [markdown]
# ## Questions
# 1. How many parameters does the global average pooling have? And a fully connected layer in its place?
# 2. Why can this network look at an image of any size, and AlexNet not?
# 3. Which map tells *where* in the image a class was seen? (That is the idea behind `leadline explain`.)
# 4. 411 MB or 392 MB for VGG-11's first fully connected layer: which is right?
