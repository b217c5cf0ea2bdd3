"""Which Leadline this is: the revision of its checkout or of what pip fetched, and a hash over its source files."""

import hashlib
import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


@cache
def revision() -> str | None:
    """The commit of the checkout that the package runs from, or that pip installed it from (PEP 610); None where
    neither is known. It is read without git, so it says nothing of changes that were not committed: `source_hash` does.
    """
    checkout = PACKAGE.parents[1]  # above src/leadline
    return commit_of(checkout / ".git") or _installed_from()


@cache
def source_hash() -> str:
    """SHA-256 over names and contents of the package's files: equal ones do the same."""
    total = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*")):
        if file.is_file() and file.suffix in {".py", ".html", ".css", ".toml", ".md"}:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            total.update(f"{file.relative_to(PACKAGE).as_posix()} {content}\n".encode())
    return total.hexdigest()


def commit_of(git: Path) -> str | None:
    """What HEAD of the repository `git` stands for: its .git folder, or the file that a worktree has in its place."""
    try:
        if git.is_file():
            git = git.parent / git.read_text("utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text("utf-8").strip()
        if not head.startswith("ref:"):
            return head if COMMIT.fullmatch(head) else None
        name = head.removeprefix("ref:").strip()
        shared = git / (git / "commondir").read_text("utf-8").strip() if (git / "commondir").is_file() else git
        for home in (git, shared):
            if (home / name).is_file():
                return (home / name).read_text("utf-8").strip()
        packed = (line.split(" ") for line in (shared / "packed-refs").read_text("utf-8").splitlines())
        return next((line[0] for line in packed if line[1:] == [name]), None)
    except (OSError, UnicodeDecodeError):
        return None


def _installed_from() -> str | None:
    try:
        text = distribution("leadline").read_text("direct_url.json")
        found = json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
    except (PackageNotFoundError, ValueError):
        return None
    return found if isinstance(found, str) else None
