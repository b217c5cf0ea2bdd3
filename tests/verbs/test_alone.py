"""One process works on a run: a second one is refused, and a dead one keeps nobody out."""

import subprocess
import sys
from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.training.run_folder import alone_in

HOLD = (
    "import sys, time; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire();"
    "print('held', flush=True); time.sleep(600)"
)


def test_a_second_process_is_refused_until_the_first_has_ended_however_it_did(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / ".lock"], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LeadlineError, match="another process works on it") as refused, alone_in(tmp_path):
        pass
    assert str(tmp_path) in str(refused.value)
    holder.kill()
    holder.communicate()
    with alone_in(tmp_path):
        pass


def test_the_lock_is_given_back_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(LeadlineError, match="another process"), alone_in(tmp_path), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LeadlineError, match="no such run folder"), alone_in(tmp_path / "absent"):
        pass
    assert not (tmp_path / "absent").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a folder so that nobody may write into it")
def test_a_folder_that_may_not_be_written_into_says_how_to_go_on(tmp_path: Path) -> None:
    """Even root heeds a read-only mount, as a medium or a share may be."""
    mounted = f"mount --bind {tmp_path} {tmp_path} && mount -o remount,ro,bind {tmp_path}"
    script = (
        f"{mounted} && echo mounted && {sys.executable} -c "
        f'\'from leadline.training.run_folder import alone_in; alone_in(__import__("pathlib").Path("{tmp_path}"))'
        ".__enter__()'"
    )
    ended = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    if "mounted" not in ended.stdout:
        pytest.skip(f"nothing can be mounted here: {ended.stderr[-200:]}")
    assert "cannot be written into" in ended.stderr
    assert "copy it elsewhere and go on with the copy" in ended.stderr
