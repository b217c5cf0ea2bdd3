"""A forward pass on torch's meta device, where tensors have shapes and no values: what each layer makes of an image."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode

from leadline.anatomy.view import View, Window, window_of
from leadline.zoo import WithAuxiliary, architecture, build_model

# Operations between layers that bring several inputs together, and what they are called here.
JOINS = {torch.ops.aten.cat: "Concatenation", torch.ops.aten.add: "Addition", torch.ops.aten.add_: "Addition"}
FILLS = {torch.ops.aten.normal_, torch.ops.aten.uniform_, torch.ops.aten.fill_, torch.ops.aten.zero_}


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What one layer does to one image, in order of execution.

    `kernel`, `stride` and `padding` are (height, width) in pixels of the layer's own input, None where it has no
    window. `output_shape` is (channels, height, width) or (features,). `receptive_field` is how many pixels of the
    image, counted along one side, its output can depend on, past its borders too; for branches, the widest.
    `activation_bytes` is its output's memory, 0 where it works in place. `depth` counts the convolutions and fully
    connected layers on the longest way to it; `inputs` are the places of the layers it takes from, counted through
    `Anatomy.layers` and on through `Anatomy.auxiliary`.
    """

    name: str
    type: str
    kernel: tuple[int, int] | None
    stride: tuple[int, int] | None
    padding: tuple[int, int] | None
    groups: int | None
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: int
    activation_bytes: int
    depth: int
    inputs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """A network's layers for one image of `input` (channels, height, width); `auxiliary`: those only training has."""

    name: str
    input: tuple[int, int, int]
    layers: tuple[Layer, ...]
    auxiliary: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        """Learned numbers that prediction uses: without those of training-only heads."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Of convolutions and fully connected layers, without their biases, for one image."""
        return sum(layer.multiply_adds for layer in self.layers)

    @property
    def activation_memory_bytes(self) -> int:
        """All layers' outputs for one image, which is about what training keeps of it."""
        return sum(layer.activation_bytes for layer in self.layers)

    @property
    def depth(self) -> int:
        """Convolutions and fully connected layers on the longest way through."""
        return max(layer.depth for layer in self.layers)

    @property
    def receptive_field(self) -> int:
        """Pixels along one side that the logits can depend on, were the image without end."""
        return max(layer.receptive_field for layer in self.layers)


@cache
def measure(name: str, *, size: int | None = None, channels: int | None = None, classes: int | None = None) -> Anatomy:
    """The anatomy of a network of the catalogue, at its published input unless told; `size` is height and width.

    Takes no memory for parameters or maps. LeadlineError for a size, channels or classes that the network cannot take.
    """
    row = architecture(name)
    with torch.device("meta"), _Unfilled():  # type: ignore[no-untyped-call]
        model = build_model(name, num_classes=classes, in_channels=channels)
    published, height, width = row.input
    if size is not None:
        row.check_size(size, size)
        height = width = size
    return trace(model, input_shape=(channels or published, height, width), name=row.name)


def trace(model: nn.Module, *, input_shape: tuple[int, int, int], name: str = "") -> Anatomy:
    """The anatomy of any network, `input_shape` (channels, height, width); its weights are neither read nor changed."""
    modes = {module: module.training for module in model.modules()}
    run = _Run(model)
    try:
        model.eval()
        model.training = True  # of the network itself alone, so that its auxiliary heads speak
        output = run(input_shape)
    finally:
        for module, training in modes.items():
            module.training = training
    main = run.behind(output.logits if isinstance(output, WithAuxiliary) else output)
    order = main + [place for place in range(len(run.layers)) if place not in set(main)]
    new_place = {place: index for index, place in enumerate(order)}
    layers = [
        replace(run.layers[place], inputs=tuple(sorted(new_place[taken] for taken in run.layers[place].inputs)))
        for place in order
    ]
    return Anatomy(
        name=name or type(model).__name__,
        input=input_shape,
        layers=tuple(layers[: len(main)]),
        auxiliary=tuple(layers[len(main) :]),
    )


class _Unfilled(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """New parameters on the meta device are not filled: they have no values, and torch takes long to find that out."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return args[0] if func.overloadpacket in FILLS else func(*args, **(kwargs or {}))


class _Run(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A forward pass that is watched: hooks see the layers (modules without parts), the mode what happens between."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self.names = {module: name for name, module in model.named_modules()}
        self.parts = {module for module in self.names if next(module.children(), None) is None}
        self.layers: list[Layer] = []
        self.running: list[tuple[nn.Module, list[Tensor], View | None]] = []
        self.views: dict[int, tuple[View, Tensor]] = {}  # by identity, which stays unique while the tensor is held
        self.counted: set[nn.Module] = set()

    def __call__(self, input_shape: tuple[int, int, int]) -> Any:
        state = dict(self.model.named_parameters()) | dict(self.model.named_buffers())
        stand_ins = {
            key: torch.empty_like(values, device="meta") for key, values in state.items() if not values.is_meta
        }
        dtype = next((values.dtype for values in state.values() if values.is_floating_point()), torch.float32)
        image = torch.empty(1, *input_shape, dtype=dtype, device="meta")
        self.views[id(image)] = View(1, 1, max(input_shape[1:]), 0, frozenset()), image
        hooks = [module.register_forward_pre_hook(self._enter) for module in self.names]
        hooks += [module.register_forward_hook(self._leave) for module in self.names]
        try:
            with torch.no_grad(), self:
                return functional_call(self.model, stand_ins, image) if stand_ins else self.model(image)
        finally:
            for hook in hooks:
                hook.remove()

    def behind(self, output: Tensor) -> list[int]:
        """The places of all layers that `output` depends on, in order of execution."""
        found: set[int] = set()
        waiting = set(self.views[id(output)][0].layers)
        while waiting:
            place = waiting.pop()
            found.add(place)
            waiting |= set(self.layers[place].inputs) - found
        return sorted(found)

    def _seen(self, values: Iterable[Any]) -> list[Tensor]:
        """Those among `values` that come from the image, and not from the parameters."""
        found: list[Tensor] = []
        for value in values:
            if isinstance(value, Tensor) and id(value) in self.views:
                found.append(value)
            elif isinstance(value, list | tuple):
                found += self._seen(value)
        return found

    def _view(self, tensors: list[Tensor]) -> View | None:
        return View.of([self.views[id(tensor)][0] for tensor in tensors]) if tensors else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = self._seen((*args, *(kwargs or {}).values()))
        view = self._view(given)
        output: Any
        if func.overloadpacket is torch.ops.aten.native_batch_norm:
            output = torch.empty_like(args[0]), None, None  # what it gives without values; torch takes milliseconds
        else:
            output = func(*args, **(kwargs or {}))
        if view is not None and isinstance(output, Tensor):
            module = self.running[-1][0]
            join = JOINS.get(func.overloadpacket)
            if join and module not in self.parts and (join == "Concatenation" or len(given) > 1):
                view = self._add(module, join, Window(), view, given, output)
            self.views[id(output)] = view, output
        return output

    def _enter(self, module: nn.Module, args: Any) -> None:
        given = self._seen(args)
        self.running.append((module, given, self._view(given)))

    def _leave(self, module: nn.Module, _: Any, output: Any) -> None:
        _, given, view = self.running.pop()
        if module not in self.parts or view is None or not isinstance(output, Tensor):
            return
        same_shape = output.shape == given[0].shape
        if isinstance(module, nn.Identity | nn.Flatten) or (isinstance(module, nn.AdaptiveAvgPool2d) and same_shape):
            return  # nothing happens here
        window = window_of(module, given[0], output)
        kind = "Conv2d" if isinstance(module, nn.Conv2d) else type(module).__name__
        self.views[id(output)] = self._add(module, kind, window, view, given, output), output

    def _add(
        self, module: nn.Module, kind: str, window: Window, view: View, given: list[Tensor], output: Tensor
    ) -> View:
        """Writes the layer down; its output's view."""
        inputs, view = view.layers, view.through(module, window, output, len(self.layers))
        own = [] if module in self.counted or module not in self.parts else list(module.parameters())
        self.counted.add(module)
        weights = module.weight if isinstance(module, nn.Conv2d | nn.Linear) else None
        in_place = any(output.untyped_storage()._cdata == tensor.untyped_storage()._cdata for tensor in given)
        self.layers.append(
            Layer(
                name=self.names[module],
                type=kind,
                kernel=window.kernel,
                stride=window.stride,
                padding=window.padding,
                groups=window.groups,
                output_shape=tuple(output.shape[1:]),
                parameters=sum(values.numel() for values in own),
                multiply_adds=0 if weights is None else output.numel() * weights[0].numel(),
                receptive_field=round(view.receptive_field),
                activation_bytes=0 if in_place else output.numel() * output.element_size(),
                depth=view.depth,
                inputs=tuple(inputs),
            )
        )
        return view
