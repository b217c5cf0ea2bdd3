"""`leadline export`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from leadline.cli.early import refuse_early
from leadline.cli.options import Json


def export(
    run: Annotated[Path, Parameter(help="The run folder of a trained classifier.")],
    /,
    *,
    to: Annotated[Literal["onnx", "openvino", "torch"], Parameter(help="For ONNX Runtime, OpenVINO, or torch.export.")],
    out: Annotated[
        Path | None, Parameter(help="The folder to write; it must not exist. [default: named after the run]")
    ] = None,
    json: Json = False,
) -> int:
    """Export a trained classifier for other programs, with proof that it gives the same answers."""
    refuse_early(run=run)
    import msgspec

    from leadline.cli import DONE, printing
    from leadline.cli.display import display
    from leadline.verbs.export import export as verb

    with display() as progress:
        found = verb(run, to=to, out=out, progress=progress)
    described, verification = found.description, found.description.verification
    if json:
        printing.as_json({"folder": str(found.folder), **msgspec.to_builtins(described)})
        return DONE
    batches = ", ".join(map(str, verification.batches))
    print(f"{found.folder / described.file}")
    print(f"input   {described.input}")
    print(f"output  {described.output}")
    for step in described.preparation:
        print(f"before  {step}")
    print(
        f"verified on {verification.images} images of the run, {batches} at a time: {verification.equal:.1%} of the "
        f"answers are PyTorch's, and probabilities differ by {verification.largest_difference:.1g} at most"
    )
    print(f"classes and preprocessing are in {found.folder / 'leadline.json'}")
    return DONE
