# %% [markdown]
# # 6. ResNet, 2015
#
# Learn what to *add*: x + F(x). Does a deeper network without shortcuts really get worse on its own training
# images, and does one addition mend it?

# %%
import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline

# %% [markdown]
# ## Build it from its rule
# Section 4.2 of the paper: a 3 × 3 convolution to 16 channels, three stages of n blocks of two convolutions with
# 16, 32 and 64 channels, an average, one fully connected layer: 6n + 2 layers. Where the size changes, the shortcut
# takes every second pixel and fills up with zeros (option A), so it has no parameters.


# %%
class Block(nn.Module):
    def __init__(self, c_in: int, c_out: int, stride: int, *, shortcut: bool) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out)
        self.conv2, self.bn2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out)
        self.stride, self.new, self.shortcut = stride, c_out - c_in, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.shortcut:
            out = out + nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new))
        return torch.relu(out)


def resnet(n: int, *, shortcut: bool = True) -> nn.Sequential:
    blocks, channels = [], 16
    for width in (16, 32, 64):
        for number in range(n):
            blocks.append(Block(channels, width, 2 if width > 16 and number == 0 else 1, shortcut=shortcut))
            channels = width
    stem = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


for n, name in ((3, "resnet20_cifar"), (9, "resnet56_cifar")):
    assert parameters(resnet(n)) == parameters(leadline.create_model(name)) == parameters(resnet(n, shortcut=False))
    print(f"n = {n}: {parameters(resnet(n)):,} parameters, with shortcuts and without")

# %% [markdown]
# ## Look at it

# %%
look(resnet(3), (3, 32, 32))

# %% [markdown]
# ## F = 0
# Set the last normalisation of a block to zero: what does the block compute then, with its shortcut and without?

# %%
image = torch.rand(1, 16, 8, 8)
for shortcut in (True, False):
    block = Block(16, 16, 1, shortcut=shortcut).eval()
    nn.init.zeros_(block.bn2.weight)
    print(f"shortcut {shortcut}: output equals input: {torch.equal(block(image), image)}")

# %% [markdown]
# ## Train it: 38 layers, with shortcuts and without

# %%
train("resnet20_cifar+38-layers")
train("plain20_cifar+38-layers")
train("plain20_cifar+8-layers")

# %% [markdown]
# Look at the *training* loss of the plain networks. The deeper one could do all that the shallower one does, and
# does not.
#
# ## The claims of the lecture

# %%
judge("degradation", "residual-fixes-it", "nested-functions", "identity-is-hard", "shortcut-1x1", "no-extra-cost")
judge("ultra-deep", "no-upgrades")

# %% [markdown]
# ## Questions
# 1. Why is this not overfitting? Which number above shows it?
# 2. Both networks have batch normalisation, so gradients do not vanish in the usual sense. What is it then that is
#    hard?
# 3. A ResNet of 152 layers takes fewer multiply-adds than VGG-16. Where does it save them?
# 4. `resnet50` and `resnet50_v1_5` have the same parameters and different outputs. Find the one line that differs.
