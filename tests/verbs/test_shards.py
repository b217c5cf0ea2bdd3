"""Shards are predicted and judged like the files that they were made of, from here and from a server."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest

from leadline.cli import SOME_UNREADABLE, app
from leadline.data.shards.finding import files_of, find_shards
from leadline.data.shards.members import records
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import Predictions
from leadline.training.run_folder import Run
from leadline.verbs import streamed
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict, predict_shards
from leadline.verbs.shard import shard
from leadline.verbs.train import train

from ..conftest import disc
from ..data.shards.shared import served, write_tar

datasets = pytest.importorskip("datasets")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    folder = tmp_path_factory.mktemp("data") / "images"
    for position, label in enumerate(("dark", "light")):
        (folder / label).mkdir(parents=True)
        for number in range(40):
            pixels = disc(1000 * position + number, bright=position % 2 == 1)
            Image.fromarray(pixels).save(folder / label / f"{number:03d}.png")
    return folder


@pytest.fixture(scope="module")
def shards(images: Path) -> Path:
    shard(images, images.parent / "shards", megabytes=0.02)
    return images.parent / "shards"


@pytest.fixture(scope="module")
def run(images: Path, shards: Path) -> Run:
    """Trained on shards that a server hands out."""
    with served(shards) as (url, _), pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadline.verbs.train.write_run_report", lambda folder: None)  # which takes seconds
        return train(f"{url}/index.json", model="lenet5", out=images.parent / "run", epochs=3, batch_size=8)


def by_content(predictions: Predictions, contents: dict[str, bytes]) -> dict[bytes, tuple[object, ...]]:
    rows = predictions.table.select(pl.exclude("split", "label", "group")).rows()
    return {contents[str(row[0])]: row[1:] for row in rows}


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_predicting_shards_is_predicting_their_images(
    run: Run, images: Path, shards: Path, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "TOGETHER", 1)  # several parts
    monkeypatch.setattr(streamed, "BATCH_SIZE", 16)
    index = find_shards(shards)
    contents = {
        f"{url}/{record.name}": record.content for url in map(index.url, index.shards) for record in records(url)
    }
    out = tmp_path / f"table{suffix}"
    written = predict_shards(run.folder, shards, out=out, engine="torch")
    assert (written.images, written.unreadable, len(written.predictions)) == (80, 0, 0)
    found = Predictions.read(out)
    assert found.table["path"].to_list() == list(contents)  # complete, and in order
    files = predict(run.folder, images, engine="torch")
    expected = by_content(files, {str(path): path.read_bytes() for path in images.rglob("*.png")})
    assert set(by_content(found, contents)) == set(expected)
    for content, row in by_content(found, contents).items():
        assert row[0] == expected[content][0]
        assert row[1] == pytest.approx(expected[content][1], abs=1e-3)
    assert predict(run.folder, shards, engine="torch").table["predicted"].equals(found.table["predicted"])
    predict_shards(run.folder, shards, out=out, engine="torch")  # in the place of an earlier table


def test_an_image_that_cannot_be_read_has_its_row(run: Run, images: Path, tmp_path: Path) -> None:
    good = (images / "dark" / "000.png").read_bytes()
    write_tar(tmp_path / "new.tar", {"a.png": good, "b.png": good[:80], "c.png": good})
    out = tmp_path / "table.csv"
    arguments = ["predict", str(run.folder), str(tmp_path / "new.tar"), "--out", str(out)]
    assert app(arguments, result_action="return_value", exit_on_error=False) == SOME_UNREADABLE
    table = Predictions.read(out).table
    assert [path.rpartition("/")[2] for path in table["path"]] == ["a.png", "b.png", "c.png"]
    assert [bool(error) for error in table["error"]] == [False, True, False]


def test_nothing_is_written_where_a_shard_is_damaged(run: Run, shards: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for file in shards.glob("t*.tar"):
        content = file.read_bytes()
        (folder / file.name).write_bytes(content if file.name.startswith("test") else content[: len(content) // 3])
    with pytest.raises(LeadlineError, match=r"train-00000\d\.tar: (cannot be read|\d+ has no images)"):
        predict_shards(run.folder, folder, out=tmp_path / "table.csv")
    assert not list(tmp_path.glob("table*"))


def test_images_and_shards_are_not_mixed(run: Run, images: Path, shards: Path) -> None:
    with pytest.raises(UsageError, match="predict one kind at a time"):
        predict(run.folder, [images, shards])


def test_the_test_split_of_shards_is_judged_as_the_runs_own(
    run: Run, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for page in ("write_run_report", "write_model_card"):  # which take seconds
        monkeypatch.setattr(f"leadline.verbs.evaluate.{page}", lambda folder: None)
    own = evaluate(run.folder)
    with served(shards) as (url, asked):
        found = evaluate(run.folder, f"{url}/index.json")
        assert not any("train" in path for path in asked)
    assert found.folder.name.startswith("http") or found.folder.parent.name == "evaluations"
    assert found.metrics.of("accuracy").value == own.metrics.of("accuracy").value
    assert found.metrics.of("log_loss").value == pytest.approx(own.metrics.of("log_loss").value, abs=1e-4)
    assert run.metrics.looks_at_test == 3  # at training, and these
    with pytest.raises(UsageError, match="--protocol"):
        evaluate(run.folder, shards, protocol="ten-crop")


def test_shards_without_labels_or_of_other_classes_are_not_judged(run: Run, images: Path, tmp_path: Path) -> None:
    content = (images / "dark" / "000.png").read_bytes()
    write_tar(tmp_path / "a.tar", {"a.png": content})
    write_tar(tmp_path / "b.tar", {"b.png": content, "b.cls": b"blue"})
    with pytest.raises(LeadlineError, match=r"a\.tar: a\.png has no label"):
        evaluate(run.folder, tmp_path / "a.tar")
    with pytest.raises(LeadlineError, match=r"b\.tar: b\.png is of the class 'blue'"):
        evaluate(run.folder, tmp_path / "b.tar")


@contextmanager
def bucket(files: dict[str, bytes]) -> Iterator[str]:
    """What answers as S3 does to reading and listing, on this machine."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._send(self._content(), body=False)

        def do_GET(self) -> None:
            self._send(self._content(), body=True)

        def _content(self) -> bytes | None:
            path, _, query = self.path.partition("?")
            if "list-type" in query:
                rows = "".join(
                    f"<Contents><Key>{name}</Key><LastModified>2020-01-01T00:00:00.000Z</LastModified>"
                    f"<ETag>1</ETag><Size>{len(content)}</Size></Contents>"
                    for name, content in files.items()
                )
                return f"<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>".encode()
            return files.get(path.removeprefix("/b/"))

        def _send(self, content: bytes | None, *, body: bool) -> None:
            if content is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            asked, whole = self.headers.get("Range"), len(content)
            if asked:
                first, last = (int(number or whole - 1) for number in asked.removeprefix("bytes=").split("-"))
                content = content[first : last + 1]
            self.send_response(206 if asked else 200)
            if asked:
                self.send_header("Content-Range", f"bytes {first}-{first + len(content) - 1}/{whole}")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", '"1"')
            self.send_header("Last-Modified", "Wed, 01 Jan 2020 00:00:00 GMT")
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_s3_is_read_with_its_own_protocol(
    shards: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By s3fs itself, from a stand-in on this machine."""
    pytest.importorskip("s3fs")
    contents = [path.read_bytes() for path in sorted(images.rglob("*.png"))[:3]]
    datasets.Dataset.from_dict({"image": contents, "label": ["dark"] * 3}).to_parquet(tmp_path / "a.parquet")
    files = {f"set/{file.name}": file.read_bytes() for file in shards.iterdir()}
    with bucket(files | {"rows/a.parquet": (tmp_path / "a.parquet").read_bytes()}) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "x",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        index, here = find_shards("s3://b/set"), find_shards(shards)
        assert index.fingerprint == here.fingerprint
        for far, near in zip(index.shards[:3], here.shards, strict=False):
            assert list(records(index.url(far))) == list(records(here.url(near)))
        assert [record.content for record in records("s3://b/rows/a.parquet")] == contents
        assert "s3://b/set/test-000000.tar" in files_of("s3://b/set/te*.tar")
        with pytest.raises(LeadlineError, match=r"s3://b/set/none\.tar: cannot be read"):
            list(records("s3://b/set/none.tar"))
