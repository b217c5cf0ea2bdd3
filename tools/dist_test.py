"""What a release would be: the sdist and the wheel are built, installed into an empty environment, and run the demo.

make dist-test        # or python tools/dist_test.py, with `build` installed; some minutes, and a download of torch

The wheel is built from the sdist, so what the sdist lacks, the wheel lacks, too.
"""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEMO = ("compare", "digits", "--minutes", "1", "--out", "demo")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="leadline-dist-") as temporary:
        folder = Path(temporary)
        run(sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT, cwd=folder)
        (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
        check_contents(wheel)
        venv.create(folder / "empty", with_pip=True)
        scripts = folder / "empty" / ("Scripts" if sys.platform == "win32" else "bin")
        run(scripts / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
        demo(scripts / "leadline", folder / "from-wheel")
        run(scripts / "python", "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", sdist, cwd=folder)
        demo(scripts / "leadline", folder / "from-sdist")
        print(f"{wheel.name} and {sdist.name} build, install and run the demo")


def check_contents(wheel: Path) -> None:
    """Every file of the package that git keeps is in the wheel, and nothing beside the package."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    listed = subprocess.run(
        ["git", "ls-files", "leadline"], cwd=ROOT / "src", capture_output=True, text=True, check=True
    ).stdout
    missing = sorted(set(listed.split()) - names)
    foreign = sorted(name for name in names if not name.startswith("leadline/"))
    if missing or foreign:
        raise SystemExit(f"{wheel.name}: lacks {missing}, has {foreign}")
    if not any(name.startswith("leadline/page/runtime/") for name in names):
        print("without `make runtime` before, this wheel cannot write an exported page")


def demo(leadline: Path, folder: Path) -> None:
    """The demo as a newcomer runs it, in a folder of its own."""
    folder.mkdir()
    printed = run(leadline, *DEMO, cwd=folder)
    for needed in ("comparison.json", "report.html", "MODEL_CARD.md"):
        if not (folder / "demo" / needed).is_file():
            raise SystemExit(f"the demo left no {needed}")
    print(next(line for line in printed.splitlines() if line.startswith("Use ")))


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
