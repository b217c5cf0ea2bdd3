"""The formats by name: what each writes, and where."""

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from leadline.data.outputs import check_output, says_leadline
from leadline.errors import LeadlineError
from leadline.exporters.bioimageio import write_bioimageio
from leadline.exporters.html import write_html
from leadline.exporters.onnx import write_onnx
from leadline.exporters.openvino import RECORD, write_openvino
from leadline.exporters.qupath import write_qupath
from leadline.exporters.subject import Subject
from leadline.exporters.torch import write_torch
from leadline.results.export_record import ExportVerification
from leadline.writing import written


@dataclass(frozen=True)
class Format:
    """`suffix` of the one file that it is; empty where it is a folder."""

    write: Callable[[Subject, Path], ExportVerification]
    suffix: str = ""


FORMATS = {
    "html": Format(write_html, ".html"),
    "onnx": Format(write_onnx, ".onnx"),
    "openvino": Format(write_openvino),
    "torch": Format(write_torch, ".pt2"),
    "qupath": Format(write_qupath),
    "bioimageio": Format(write_bioimageio, ".zip"),
}


def check_place(format: str, out: Path) -> None:
    """Before any work: LeadlineError where `out` holds something that is no earlier export, or there is no folder."""
    if FORMATS[format].suffix:
        check_output(out, ours=_is_ours, kind="classifier exported by Leadline")
    elif not out.parent.is_dir():
        raise LeadlineError(f"{out}: {out.parent} is no folder; make it first")
    elif out.exists() and not (out.is_dir() and ((out / RECORD).is_file() or not any(out.iterdir()))):
        raise LeadlineError(
            f"{out}: exists already, and only a folder from an earlier export is replaced; name another with --out, or "
            "take it away"
        )


def write(format: str, subject: Subject, out: Path) -> ExportVerification:
    """Export into `out`, all of it or nothing."""
    if FORMATS[format].suffix:
        return FORMATS[format].write(subject, out)
    new = out.with_name(f"{out.name}.new")
    with written(out):
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        try:
            verification = FORMATS[format].write(subject, new)
            if out.exists():
                shutil.rmtree(out)
            new.rename(out)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return verification


def _is_ours(file: Path) -> bool:
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as package:
            return any(Path(name).name in ("leadline.json", "rdf.yaml") for name in package.namelist())
    return says_leadline(file) or b'"architecture"' in file.read_bytes()
