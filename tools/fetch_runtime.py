"""Fetch what an exported page computes with into the package: onnxruntime-web, as runtime.lock.json pins it.

    python tools/fetch_runtime.py        # needs npm; git ignores the files, and a wheel packs them

The package comes through npm, from whatever registry that is set up for, and is refused unless its hash is the pinned
one. Nothing is installed and nothing of the package is run.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

LOCK = Path(__file__).with_name("runtime.lock.json")
TARGET = Path(__file__).parents[1] / "src" / "leadline" / "page" / "runtime"


def fetch() -> None:
    lock = json.loads(LOCK.read_text("utf-8"))
    stamp = TARGET / "integrity"
    if stamp.is_file() and stamp.read_text("utf-8") == lock["integrity"]:
        return
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not installed, and the files come through it; or give the export a folder with --runtime")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", f"{lock['package']}@{lock['version']}", "--ignore-scripts", "--silent"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(folder).glob("*.tgz")
        algorithm, _, expected = lock["integrity"].partition("-")
        digest = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
        if digest != expected:
            sys.exit(f"{archive.name}: has the {algorithm} {digest}, but {LOCK.name} pins {expected}")
        TARGET.mkdir(exist_ok=True)
        with tarfile.open(archive) as packed:
            for name in lock["files"]:
                member = packed.extractfile(f"package/{name}")
                assert member is not None, name
                (TARGET / Path(name).name).write_bytes(member.read())
    stamp.write_text(lock["integrity"], "utf-8")


if __name__ == "__main__":
    fetch()
