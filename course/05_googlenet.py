# %% [markdown]
# # 5. GoogLeNet, 2014
#
# All filter sizes at once, made affordable by 1 × 1 reductions. What does a reduction save, and does training
# "choose" the filter size?

# %%
import torch
from lesson import judge, look, parameters, train
from torch import nn

import leadline
from leadline.zoo.googlenet import TABLE_1, Inception

# %% [markdown]
# ## Build a module from its table
# Table 1 of the paper: for each module the 1 × 1 filters, the reduction before the 3 × 3, the 3 × 3 filters, the
# reduction before the 5 × 5, the 5 × 5 filters, and the projection after the pooling.

# %%
for name, filters in TABLE_1.items():
    print(name, *filters)


class Module(nn.Module):
    def __init__(self, c: int, one: int, reduce3: int, three: int, reduce5: int, five: int, pool: int) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(c, one, 1), nn.ReLU())
        self.three = nn.Sequential(
            nn.Conv2d(c, reduce3, 1), nn.ReLU(), nn.Conv2d(reduce3, three, 3, padding=1), nn.ReLU()
        )
        self.five = nn.Sequential(
            nn.Conv2d(c, reduce5, 1), nn.ReLU(), nn.Conv2d(reduce5, five, 5, padding=2), nn.ReLU()
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(c, pool, 1), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], dim=1)


mine = Module(192, *TABLE_1["3a"])
theirs = leadline.create_model("googlenet").inception3a
print(mine(torch.rand(1, 192, 28, 28)).shape, f"{parameters(mine):,} parameters")
assert parameters(mine) == parameters(theirs)

# %% [markdown]
# ## Look at it, with and without reductions

# %%
look(mine, (192, 28, 28))
print()
look(Inception(192, TABLE_1["3a"], naive=True), (192, 28, 28))

# %% [markdown]
# The naive module also puts out more channels, because its pooling keeps all of them. What would nine of them in a
# row do?
#
# ## Train it
# In training mode a GoogLeNet returns three answers: its own, and those of two auxiliary heads, which are gone
# afterwards.

# %%
network = leadline.create_model("googlenet_small")
print(
    type(network.train()(torch.rand(2, 3, 32, 32))).__name__,
    "→",
    type(network.eval()(torch.rand(2, 3, 32, 32))).__name__,
)
run = train("googlenet_small", epochs=3)

# %% [markdown]
# How much weight did training give to each branch? The mean size of the weights with which the *next* module takes
# them in:

# %%
network = run.classifier.network
filters = (network.inception3a.branch1, network.inception3a.branch2, network.inception3a.branch3)
widths = [list(branch.modules())[-3].out_channels for branch in filters]
ends = torch.tensor([0, *widths]).cumsum(0).tolist()
taken = network.inception3b.branch1[0].weight.abs().mean(dim=(0, 2, 3))
for name, start, end in zip(("1×1", "3×3", "5×5"), ends, ends[1:], strict=False):
    print(f"{name}: {taken[start:end].mean().item():.4f}")
print(f"pooling: {taken[ends[-1] :].mean().item():.4f}")

# %% [markdown]
# ## The claims of the lecture

# %%
judge(
    "inception-branches", "inception-cost", "1x1-reduction", "choose-filter-size", "not-sequential", "auxiliary-heads"
)

# %% [markdown]
# ## Questions
# 1. Twenty 60 × 1 × 1 filters on 60 × 100 × 100: what comes out, with how many weights, at which cost?
# 2. Why is the 5 × 5 reduced to 16 channels and the 3 × 3 only to 96?
# 3. Do your four numbers differ by more than they would by chance? What would you have to train to know?
# 4. What does torchvision's GoogLeNet do differently? (`leadline models --family GoogLeNet`)
