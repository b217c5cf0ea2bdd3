"""Trained parameters made to fit a network: other names for the same things, other classes, other input channels."""

import re
from collections.abc import Callable

import torch
from torch import Tensor, nn

from leadline.errors import LeadlineError

State = dict[str, Tensor]

# Names that the same parameters have elsewhere: (pattern, ours).
OTHER_NAMES = (
    # torchvision's DenseNet files, which are older than its module names
    (re.compile(r"^(.*denselayer\d+\.(?:norm|conv))\.([12]\.)"), r"\1\2"),
    # timm's VGG, whose fully connected layers are convolutions
    (re.compile(r"^pre_logits\.fc1\."), "classifier.0."),
    (re.compile(r"^pre_logits\.fc2\."), "classifier.3."),
    (re.compile(r"^head\.fc\."), "classifier.6."),
)
# transformers' ResNet, whose first stage and layer are number 0.
TRANSFORMERS = "resnet.embedder."
IN_BLOCK = re.compile(
    r"^resnet\.encoder\.stages\.(\d)\.layers\.(\d+)\.(?:layer\.(\d)|shortcut)\.(convolution|normalization)\."
)
WRAPPER = "module."  # what DataParallel and DistributedDataParallel put before every name


def fitted(
    state: State, build: Callable[..., nn.Module], *, num_classes: int, in_channels: int, source: str, name: str
) -> tuple[State, tuple[str, ...]]:
    """`state` as the network `build(num_classes=…, in_channels=…)` loads it, and a line for each thing it changes.

    The layers that decide between classes are left out where the classes are others in number, so that they begin as
    they were initialised; so are training-only heads that the file does not have. The first convolution is adapted to
    `in_channels`. Raises LeadlineError, naming the parameter, where anything else differs.
    """
    with torch.device("meta"):
        network = build(num_classes=num_classes, in_channels=in_channels)
        other_classes = build(num_classes=num_classes + 1, in_channels=in_channels).state_dict()
        other_channels = build(num_classes=num_classes, in_channels=in_channels + 1).state_dict()
    expected = network.state_dict()
    heads = {key for key, values in expected.items() if values.shape != other_classes[key].shape}
    (stem,) = (key for key, values in expected.items() if values.shape != other_channels[key].shape)
    heads_in_training = set(getattr(network, "heads", {}).values())

    found = renamed(state, expected)
    notes: list[str] = []
    surplus = [key for key in found if key not in expected]
    absent = [
        key for key in expected if key not in found and key not in heads and not key.endswith("num_batches_tracked")
    ]
    without = sorted({key.split(".")[0] for key in absent if key.split(".")[0] in heads_in_training})
    missing = [key for key in absent if key.split(".")[0] not in without]
    if missing or surplus:
        what = f"has no {missing[0]}" if missing else f"also has {surplus[0]}"
        raise LeadlineError(f"{source}: holds no weights of {name}: it {what}; choose the network it was made for")
    if without:
        notes.append(f"{', '.join(without)}: new; the weights have no such heads, which only training uses")

    classes = {found[key].shape[0] for key in heads if key in found and found[key].dim()}
    partly = any(key not in found and key.split(".")[0] not in without for key in heads)
    if classes != {num_classes} or partly:
        told = f"the weights tell {max(classes):,} classes apart" if classes else "the weights have no such layer"
        told = "the weights have it in part only" if partly and classes else told
        layers = sorted({key.rpartition(".")[0] for key in heads if key.split(".")[0] not in without})
        notes.append(f"{', '.join(layers)}: new, for {num_classes:,} classes; {told}")
        _refuse_other_shapes(found, expected, heads, source=source, name=name, skip=1)
        found = {key: values for key, values in found.items() if key not in heads}
    if found[stem].dim() == 4 and found[stem].shape[1] not in (0, in_channels):
        before = found[stem].shape[1]
        found[stem], how = with_channels(found[stem], in_channels)
        notes.append(f"{stem.removesuffix('.weight')} adapted from {before} channels to {in_channels}: {how}")
    _refuse_other_shapes(found, expected, set(found), source=source, name=name)
    unusable = next((key for key, values in found.items() if not values.float().isfinite().all()), None)
    if unusable:
        raise LeadlineError(f"{source}: {unusable} holds values that are no finite numbers; the file is damaged")
    return found, tuple(notes)


def renamed(state: State, expected: State) -> State:
    """`state` under the names of `expected`; a 1×1 or whole-map convolution becomes the fully connected layer it is."""
    if all(key.startswith(WRAPPER) for key in state):
        state = {key.removeprefix(WRAPPER): values for key, values in state.items()}
    if any(key.startswith(TRANSFORMERS) for key in state):
        state = {_of_transformers(key): values for key, values in state.items()}
    found = {}
    for key, values in state.items():
        for pattern, ours in OTHER_NAMES:
            key = pattern.sub(ours, key)
        if key in expected and values.dim() == 4 and expected[key].dim() == 2:
            values = values.flatten(1)
        found[key] = values
    return found


def _of_transformers(key: str) -> str:
    if part := IN_BLOCK.match(key):
        stage, block, layer, kind = part.groups()
        number = int(layer or 0) + 1
        shortcut, inside = ("downsample.0", "downsample.1"), (f"conv{number}", f"bn{number}")
        ours = (inside if layer else shortcut)[kind == "normalization"]
        return f"layer{int(stage) + 1}.{block}.{ours}.{key[part.end() :]}"
    for theirs, ours in (("embedder.convolution.", "conv1."), ("embedder.normalization.", "bn1.")):
        key = key.replace(f"{TRANSFORMERS}{theirs}", ours)
    return re.sub(r"^classifier\.1\.", "fc.", key)


def with_channels(kernels: Tensor, channels: int) -> tuple[Tensor, str]:
    """The first convolution's kernels (maps, channels, height, width) for another number of input channels, and how.

    A grey image then gives what it gave as equal channels. More channels are rescaled so that what they sum to keeps
    its size (exactly, for equal channels, where each of the old ones is repeated as often).
    """
    before = kernels.shape[1]
    if channels == 1:
        return kernels.sum(dim=1, keepdim=True), "the sum of its kernels over the channels"
    repeated = kernels[:, [channel % before for channel in range(channels)]]
    return repeated * (before / channels), f"its kernels repeated in turn, times {before}/{channels}"


def per_channel(values: tuple[float, ...] | None, channels: int) -> tuple[float, ...] | None:
    """A mean or standard deviation per channel for another number of channels, as `with_channels` treats kernels."""
    if values is None or len(values) == channels:
        return values
    if channels == 1:
        return (sum(values) / len(values),)
    return tuple(values[channel % len(values)] for channel in range(channels))


def _refuse_other_shapes(
    found: State, expected: State, keys: set[str], *, source: str, name: str, skip: int = 0
) -> None:
    """LeadlineError for the first of `keys` whose shape differs behind its first `skip` dimensions."""
    for key in sorted(keys & found.keys()):
        theirs, ours = tuple(found[key].shape), tuple(expected[key].shape)
        if theirs[skip:] != ours[skip:]:
            raise LeadlineError(
                f"{source}: holds no weights of {name}: {key} is {_times(theirs)} there and {_times(ours)} here; "
                "choose the network it was made for"
            )


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a number"
