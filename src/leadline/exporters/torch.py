"""`--to torch`: one .pt2 file, which torch.export.load reads without any code of ours."""

import io
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from leadline.exporters.conversion import to_torch
from leadline.exporters.deployed import Deployed
from leadline.exporters.subject import Subject
from leadline.exporters.verification import Run, verify
from leadline.results.export_record import ExportVerification, to_json
from leadline.writing import in_one_piece

RECORD = "leadline.json"  # the extra file in the .pt2 in which its record is


def write_torch(subject: Subject, out: Path) -> ExportVerification:
    """Write the .pt2, with its record as an extra file in it."""
    program = to_torch(Deployed(subject.classifier), subject.example)
    verification = verify(torch_probabilities(program), subject.samples, format="torch.export")
    record = to_json(subject.record("torch", verification))
    buffer = io.BytesIO()
    torch.export.save(program, buffer, extra_files={RECORD: record})
    with in_one_piece(out) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return verification


def torch_probabilities(program: torch.export.ExportedProgram) -> Run:
    module = program.module()

    def run(images: NDArray[np.float32]) -> NDArray[np.floating]:
        with torch.inference_mode():
            return module(torch.from_numpy(images))[1].numpy()  # type: ignore[no-any-return]

    return run
