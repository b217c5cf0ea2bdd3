"""A file arrives whole and verified, or not at all: over every way in which a server and a line can fail."""

import hashlib
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leadline.errors import LeadlineError
from leadline.pretrained import fetch
from leadline.pretrained.fetch import download
from leadline.progress import SILENT

from ..conftest import Notes
from .conftest import Server

CONTENT = bytes(range(256)) * 12_000  # three chunks
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def url(server: Server) -> str:
    (server.folder / "weights.bin").write_bytes(CONTENT)
    return f"{server.url}/weights.bin"


def fetched(url: str, folder: Path, sha256: str = SHA256[:8]) -> Path:
    return download(url, folder / "cache" / "weights.bin", sha256=sha256, progress=SILENT)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cache").iterdir() if path.suffix != ".lock")


def test_it_arrives_whole_and_is_asked_for_once(url: str, server: Server, tmp_path: Path) -> None:
    assert fetched(url, tmp_path).read_bytes() == CONTENT
    fetched(url, tmp_path)
    assert server.ranges == [None]
    assert left_in(tmp_path) == ["weights.bin"]


def test_how_much_has_come_is_said_now_and_then(
    url: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "BETWEEN_REMARKS", 0.0)
    said = Notes()
    server.break_off_after = [1 << 20]
    download(url, tmp_path / "weights.bin", sha256="", progress=said)
    assert said.notes[0] == f"downloading {url} to {tmp_path / 'weights.bin'}"
    assert said.notes[1:] == ["1 MB of 3 have come", "2 MB of 3 have come", "3 MB of 3 have come"]


def test_a_line_that_breaks_is_taken_up_where_it_broke(url: str, server: Server, tmp_path: Path) -> None:
    server.break_off_after = [1_000_000, 1, 500_000]
    assert fetched(url, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000000-", "bytes=1000001-", "bytes=1500001-"]


def test_a_later_call_goes_on_with_what_an_earlier_one_left(url: str, server: Server, tmp_path: Path) -> None:
    server.break_off_after = [1_000_000, 0, 0, 0]
    with pytest.raises(LeadlineError, match=r"ended at 1,000,000 of 3,072,000 bytes.*goes on from there"):
        fetched(url, tmp_path)
    assert left_in(tmp_path) == ["weights.bin.part"]
    assert fetched(url, tmp_path).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=1000000-"
    assert left_in(tmp_path) == ["weights.bin"]


def test_a_server_without_ranges_begins_again(url: str, server: Server, tmp_path: Path) -> None:
    server.ignores_ranges, server.break_off_after = True, [1_000_000]
    assert fetched(url, tmp_path).read_bytes() == CONTENT


def test_a_server_that_never_gets_further_is_given_up(url: str, server: Server, tmp_path: Path) -> None:
    server.ignores_ranges, server.break_off_after = True, [1000] * 50
    with pytest.raises(LeadlineError, match="ended at 1,000 of"):
        fetched(url, tmp_path)
    assert len(server.ranges) == 4


def test_a_part_that_was_complete_already_is_taken(url: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "weights.bin.part").write_bytes(CONTENT)
    assert fetched(url, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [f"bytes={len(CONTENT)}-"]


def test_a_part_longer_than_the_file_is_thrown_away(url: str, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "weights.bin.part").write_bytes(CONTENT + b"more")
    assert fetched(url, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("damage", ["other", "truncated", "part of another"])
def test_what_is_not_the_file_is_never_put_in_its_place(url: str, server: Server, tmp_path: Path, damage: str) -> None:
    if damage == "other":
        (server.folder / "weights.bin").write_bytes(CONTENT[::-1])
    elif damage == "truncated":
        server.cut_short = True
    else:
        (tmp_path / "cache").mkdir()
        (tmp_path / "cache" / "weights.bin.part").write_bytes(b"another")
    with pytest.raises(LeadlineError) as caught:
        fetched(url, tmp_path)
    assert "not the file that was asked for" in str(caught.value)
    assert SHA256[:8] in str(caught.value)
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) == []  # so that the next call begins anew


def test_a_file_that_lies_there_damaged_is_named_and_left_to_its_owner(
    url: str, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "weights.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(LeadlineError, match=r"weights\.bin: is damaged or another file .*remove it"):
        fetched(url, tmp_path)
    assert server.ranges == []
    assert left_in(tmp_path) == ["weights.bin"]


def test_an_absent_file_is_said_at_once_and_a_failing_server_tried_again(
    url: str, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(LeadlineError, match=r"absent\.bin: could not be downloaded \(HTTP status 404\).*put the file"):
        fetched(url.replace("weights", "absent"), tmp_path)
    assert len(server.ranges) == 1
    server.status = 503
    with pytest.raises(LeadlineError, match="HTTP status 503"):
        fetched(url, tmp_path)
    assert len(server.ranges) == 4


def test_no_network_and_no_address_are_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSE", 0.0)
    for url, message in (
        ("http://127.0.0.1:1/weights.bin", "could not be downloaded"),
        ("https://nowhere.invalid/weights.bin", "could not be downloaded"),
        ("file:///etc/passwd", "is no address to download from"),
    ):
        with pytest.raises(LeadlineError, match=message) as caught:
            fetched(url, tmp_path)
        assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(LeadlineError, match="cache"):
        fetched(url, tmp_path)


def test_many_at_once_download_it_once(url: str, server: Server, tmp_path: Path) -> None:
    server.break_off_after = [1000] * 20
    begin = threading.Barrier(8)

    def one(_: int) -> bytes:
        begin.wait()
        return fetched(url, tmp_path).read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(content == CONTENT for content in pool.map(one, range(8)))
    assert server.ranges.count(None) == 1
    assert left_in(tmp_path) == ["weights.bin"]


def test_a_process_that_was_killed_leaves_no_lock_behind(url: str, server: Server, tmp_path: Path) -> None:
    server.break_off_after = [2_000_000]
    script = (
        "import os, sys, leadline.pretrained.fetch as fetch; from pathlib import Path\n"
        "fetch.time.sleep = lambda _: os.kill(os.getpid(), 9)\n"
        "fetch.download(sys.argv[1], Path(sys.argv[2]), sha256='', progress=fetch.Progress())"
    )
    target = tmp_path / "cache" / "weights.bin"
    done = subprocess.run([sys.executable, "-c", script, url, str(target)], capture_output=True, timeout=60)
    assert done.returncode == -9
    assert left_in(tmp_path) == ["weights.bin.part"]
    assert fetched(url, tmp_path).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=2000000-"]
