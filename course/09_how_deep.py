# %% [markdown]
# # 9. How deep?
#
# Eight to 152 layers in four years. What is depth good for, were the famous numbers comparable, and how deep do
# *these* images need it?

# %%
from lesson import judge, train

import leadline

# %% [markdown]
# ## The numbers everyone quotes
# Depth, year and published errors, from the catalogue. For each: how many networks, how many crops?

# %%
for name in ("alexnet", "vgg_d", "googlenet", "resnet152"):
    row = leadline.inspect(name)
    print(f"{name}: {row['year']}, {row['depth']} layers, {row['multiply_adds'] / 1e9:.1f} G multiply-adds")
    for error in row["published_errors"][:3]:
        print("   ", error)

# %% [markdown]
# ## Depth on small images
# Digits of 8 × 8 pixels. ResNets, and networks without shortcuts, of 8, 14 and 26 layers, trained equally long.

# %%
for family in ("resnet20_cifar", "plain20_cifar"):
    for layers in (8, 14, 26):
        train(f"{family}+{layers}-layers", epochs=2)

# %% [markdown]
# ## The question of this course
# `compare` answers it as one should: equal time for all, images that the networks were not trained on, intervals
# for all networks at once, and a word for how sure it is.

# %%
found = leadline.compare("digits", models=["lenet5", "vgg_small", "resnet20_cifar"], minutes=1)
print(found.result.answer.sentence)

# %% [markdown]
# ## The claims of the lecture

# %%
judge("going-deeper", "depth-regions", "alexnet-vs-lenet", "training-weeks")

# %% [markdown]
# ## Questions
# 1. Name two reasons why 84.7, 92.7, 93.3 and 96.4 % cannot be compared as "the accuracy of the architecture".
# 2. Depth makes exponentially many linear pieces *possible*. What do random weights make of it? (`leadline lab
#    depth-regions`)
# 3. Why does depth not help on digits? Describe images for which you expect that it does, and try: your own folder.
# 4. *Shown*, *likely*, *best guess*: which would you accept in a paper, and what would you write beside it?
