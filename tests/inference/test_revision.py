"""Which revision a checkout is at, held against git itself."""

import shutil
import subprocess
from pathlib import Path

import pytest

from leadline.inference import revision as module
from leadline.inference.revision import commit_of, source_hash

GIT = shutil.which("git")
needs_git = pytest.mark.skipif(GIT is None, reason="no git to compare with")


def git(*arguments: str, cwd: Path) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    git("init", "--quiet", cwd=folder)
    git("commit", "--quiet", "--allow-empty", "-m", "first", cwd=folder)
    return folder


@needs_git
def test_the_commit_of_a_branch_is_found_loose_and_packed(checkout: Path) -> None:
    commit = git("rev-parse", "HEAD", cwd=checkout)
    assert commit_of(checkout / ".git") == commit
    git("pack-refs", "--all", cwd=checkout)
    assert commit_of(checkout / ".git") == commit


@needs_git
def test_the_commit_of_a_worktree_and_of_a_detached_head_is_found(checkout: Path, tmp_path: Path) -> None:
    git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"), cwd=checkout)
    git("commit", "--quiet", "--allow-empty", "-m", "second", cwd=tmp_path / "tree")
    commit = git("rev-parse", "HEAD", cwd=tmp_path / "tree")
    assert commit != git("rev-parse", "HEAD", cwd=checkout)
    assert commit_of(tmp_path / "tree" / ".git") == commit
    git("checkout", "--quiet", "--detach", commit, cwd=checkout)
    assert commit_of(checkout / ".git") == commit


def test_no_repository_or_a_broken_one_has_no_revision(tmp_path: Path) -> None:
    assert commit_of(tmp_path / ".git") is None
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_of(tmp_path / ".git") is None
    (tmp_path / ".git" / "HEAD").write_text("no commit\n")
    assert commit_of(tmp_path / ".git") is None


def test_a_changed_source_file_has_another_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.py").write_text("a = 1")
    (tmp_path / "notes.pyc").write_text("1")
    monkeypatch.setattr(module, "PACKAGE", tmp_path)
    hashes = [source_hash.__wrapped__()]
    (tmp_path / "notes.pyc").write_text("2")
    hashes.append(source_hash.__wrapped__())
    (tmp_path / "one.py").write_text("a = 2")
    hashes.append(source_hash.__wrapped__())
    assert hashes[0] == hashes[1] != hashes[2]
