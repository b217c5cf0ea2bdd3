# %% [markdown]
# # 1. Convolution arithmetic
#
# How large is what comes out of a convolution, what does it cost, and what does it see? By the end you can fill in
# the table of any network by hand, and you have seen a filter being *learned*.

# %%
import torch
from lesson import judge, look
from torch import nn
from torch.nn import functional as F

# %% [markdown]
# ## Size
# A filter of $k$ pixels on a side of $n$ pixels, padded by $p$ at both ends, with stride $s$, has $\lfloor (n + 2p
# - k)/s \rfloor + 1$ places. Work these out on paper before you run the cell.

# %%
for n, k, p, s in ((3, 2, 1, 1), (7, 3, 0, 1), (7, 3, 0, 2), (224, 7, 3, 2), (224, 11, 0, 4)):
    side = nn.Conv2d(1, 1, k, stride=s, padding=p)(torch.zeros(1, 1, n, n)).shape[-1]
    assert side == (n + 2 * p - k) // s + 1
    print(f"n = {n}, k = {k}, p = {p}, s = {s}: {side}")

# %% [markdown]
# The last line says 54, but AlexNet's paper has 55 × 55 maps. Its code let the last window hang over the edge: it
# rounded *up*. Such a detail decides whether two networks of the same name have the same parameters.
#
# ## Cost
# A convolution from $c$ to $m$ channels has $k^2 c m$ weights (and $m$ biases). It multiplies and adds each weight
# once for each place of the output. Which of these three layers has the most parameters, and which costs the most?

# %%
layers = nn.Sequential(
    nn.Conv2d(3, 32, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, padding=1), nn.Flatten(), nn.LazyLinear(10)
)
layers(torch.zeros(1, 3, 32, 32))  # the last layer learns how much comes in
look(layers, (3, 32, 32))

# %% [markdown]
# ## What a filter is
# Nobody writes filters today: they are learned. Here the answer is known. Sobel's filter finds vertical edges; a
# filter of nine random numbers sees random images, and for each what Sobel's filter makes of it. Does it find the
# nine numbers?

# %%
torch.manual_seed(0)
sobel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
learned = nn.Conv2d(1, 1, 3, bias=False)
optimizer = torch.optim.SGD(learned.parameters(), lr=0.1)
for step in range(101):
    images = torch.randn(64, 1, 16, 16)
    loss = F.mse_loss(learned(images), F.conv2d(images, sobel[None, None]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(f"step {step}: loss {loss.item():.6f}")
print(learned.weight.detach()[0, 0].round(decimals=3))
assert torch.allclose(learned.weight[0, 0], sobel, atol=0.01)

# %% [markdown]
# ## The claims of the lecture

# %%
judge("padding", "stride", "top5", "universal", "ilsvrc")

# %% [markdown]
# ## Questions
# 1. Which padding keeps the size for a filter of 5 pixels at stride 1? Why are filters odd?
# 2. A 3 × 3 convolution of stride 2 halves the map. By how much does the cost of the *next* layer fall?
# 3. Give the filter above images whose rows are constant. What of the nine numbers can it still learn, and what not?
# 4. The lecture's claim `universal` is corrected by the lab. What did Cybenko and Hornik show, and what grows
#    exponentially?
