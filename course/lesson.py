"""What every notebook of the course uses: a table of a network's layers, a training on digits, the lab's verdicts."""

from torch import nn

import leadline
from leadline.anatomy import trace
from leadline.training.run_folder import Run


def look(network: nn.Module, shape: tuple[int, int, int]) -> None:
    """A line per layer that has parameters or changes the size, for one image of `shape`, and the totals."""
    measured = trace(network, input_shape=shape)
    print(f"{'layer':28}{'type':22}{'output':>14}{'parameters':>14}{'multiply-adds':>16}{'sees':>6}")
    size = shape[1:]
    for layer in measured.layers:
        if layer.parameters or layer.output_shape[1:] != size:
            output = "×".join(map(str, layer.output_shape))
            print(
                f"{layer.name:28}{layer.type:22}{output:>14}{layer.parameters:>14,}{layer.multiply_adds:>16,}"
                f"{layer.receptive_field:>6}"
            )
        size = layer.output_shape[1:]
    print(f"{measured.parameters:,} parameters, {measured.multiply_adds:,} multiply-adds, {measured.depth} layers deep")


def parameters(network: nn.Module) -> int:
    """All learned numbers of a network."""
    return sum(each.numel() for each in network.parameters())


def train(model: str, *, epochs: float = 4) -> Run:
    """Train `model` on 1,259 of scikit-learn's digits, and print what it came to on the 269 it is validated with."""
    run = leadline.train("digits", model=model, epochs=epochs, folds=0)
    last, accuracy = run.history[-1], run.metrics.validation.accuracy
    print(
        f"{model:32} training loss {last['train_loss']:.3f}, accuracy {last['train_accuracy']:6.1%}; validation "
        f"{accuracy.value:6.1%} ({accuracy.low:.1%} to {accuracy.high:.1%}); {run.metrics.training_seconds:.0f} s"
    )
    return run


def judge(*claims: str) -> None:
    """What the lab measured of each claim, and its verdict."""
    for name in claims:
        (finding,) = leadline.lab(name)
        found = finding.trained or finding.measurement
        print(f"“{finding.claim.statement}”\n  {finding.words}: {found.result if found else ''}\n")
