"""Shards are read as they are, from here and from a server, and what is wrong with one is said with its member."""

import io
import tarfile
from pathlib import Path

import pytest

from leadline.data.shards.finding import files_of, find_shards, is_shards
from leadline.data.shards.index import INDEX, Shard, ShardIndex
from leadline.data.shards.members import Record, read, records
from leadline.errors import LeadlineError

from .shared import picture, sample, served, write_set, write_tar

datasets = pytest.importorskip("datasets")


def test_a_tar_is_the_same_here_and_from_a_server(tmp_path: Path) -> None:
    file = write_tar(
        tmp_path / "a.tar",
        {**sample(0, group="p1", split="val"), "1.jpg": picture(1, suffix="jpg"), "1.cls": b"light\n"},
    )
    expected = [
        Record("0000.png", picture(0), "dark", "p1", "val"),
        Record("1.jpg", picture(1, suffix="jpg"), "light"),
    ]
    assert list(records(str(file))) == expected
    with served(tmp_path) as (url, _):
        assert list(records(f"{url}/a.tar")) == expected


def test_parquet_as_datasets_writes_it_is_read_from_a_server(tmp_path: Path) -> None:
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.ClassLabel(names=["dark", "light"]),
            "split": datasets.Value("string"),
        }
    )
    rows = {
        "image": [{"bytes": picture(number), "path": f"../x/{number}.png"} for number in range(5)],
        "label": [0, 1, 0, 1, -1],
        "split": ["train", "train", "val", "test", "test"],
    }
    datasets.Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "a.parquet")
    with served(tmp_path) as (url, _):
        found = list(records(f"{url}/a.parquet"))
    assert [record.content for record in found] == [picture(number) for number in range(5)]
    assert [record.label for record in found] == ["dark", "light", "dark", "light", None]
    assert [record.split for record in found] == rows["split"]
    assert [record.name for record in found][:2] == ["row-000000.png", "row-000001.png"]


def test_fsspec_opens_what_else_there_is(tmp_path: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for file in write_set(tmp_path / "set", [2, 3]).iterdir():
        memory.pipe(f"/leadline-test/{file.name}", file.read_bytes())
    try:
        found = files_of("memory://leadline-test")
        assert [url.rpartition("/")[2] for url in found] == ["part-0000.tar", "part-0001.tar"]
        assert [record.content for url in found for record in records(url)] == [picture(number) for number in range(5)]
    finally:
        memory.rm("/leadline-test", recursive=True)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"../x.png": picture(0), "../x.json": {"label": "dark"}}, r"a\.tar: the member '\.\./x\.png' leads out"),
        ({"/x.png": picture(0)}, r"a\.tar: the member '/x\.png' leads out"),
        ({"a\\..\\..\\x.png": picture(0)}, r"a\.tar: .*leads out"),
        ({**sample(0), "7.txt": b"a caption"}, r"a\.tar: 7 has no images \(7\.txt\)"),
        ({"7.png": picture(0), "7.jpg": picture(1)}, r"a\.tar: 7 has 2 images"),
        ({"7.mask.png": picture(0), "7.png": picture(1)}, r"a\.tar: 7 has 2 images"),
        ({"7.png": picture(0), "7.json": b"{"}, r"a\.tar: 7\.json is no JSON"),
        ({"7.png": picture(0), "7.json": b"[]"}, r"a\.tar: 7\.json holds no object"),
        ({"7.png": picture(0), "7.json": b"[" * 100_000}, r"a\.tar: 7\.json is no JSON"),
    ],
)
def test_a_member_that_is_wrong_is_named(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    file = write_tar(tmp_path / "a.tar", members)
    with pytest.raises(LeadlineError, match=said):
        list(records(str(file)))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({**sample(0), "7.png": picture(7)}, r"a\.tar: 7\.png has no label"),
        (sample(0) | sample(1, "blue"), r"a\.tar: 0001\.png has the label 'blue'"),
        (sample(0) | sample(1, split="recent"), r"a\.tar: 0001\.png is in the split 'recent'"),
        (sample(0), r"a\.tar: ends after 1 images, but the index counts 2"),
    ],
)
def test_training_images_are_what_the_index_says(tmp_path: Path, members: dict[str, bytes], said: str) -> None:
    write_tar(tmp_path / "a.tar", members)
    shard = Shard("a.tar", 0, {"train": 1, "test": 1}, "")
    index = ShardIndex(("dark", "light"), {}, (shard,), root=str(tmp_path))
    with pytest.raises(LeadlineError, match=said):
        list(read(index, shard, "train", "validation", "test"))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.7])
def test_a_tar_that_was_cut_off_is_named(tmp_path: Path, part: float) -> None:
    whole = write_set(tmp_path / "set", [20]) / "part-0000.tar"
    shard = Shard("part-0000.tar", 0, {"train": 20}, "")
    index = ShardIndex(("dark", "light"), {}, (shard,), root=str(tmp_path / "set"))
    assert len(list(read(index, shard, "train"))) == 20
    content = whole.read_bytes()
    whole.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(
        LeadlineError, match=r"part-0000\.tar: (cannot be read after|ends after|00\d\d has|00\d\d\.png has no label)"
    ):
        list(read(index, shard, "train"))


def test_links_in_a_tar_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(picture(0))
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        link = tarfile.TarInfo("0.png")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "secret.png")
        tar.addfile(link, io.BytesIO())
    assert list(records(str(tmp_path / "a.tar"))) == []


def test_without_an_index_all_shards_are_counted_and_whole_ones_held_out(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [4, 6, 4, 6, 4, 6])
    assert is_shards(folder)
    index = find_shards(folder)
    assert index.classes == ("dark", "light")
    assert {split: index.images(split) > 0 for split in ("train", "validation", "test")} == {
        "train": True,
        "validation": True,
        "test": True,
    }
    assert sum(index.images(split) for split in ("train", "validation", "test")) == 30
    read_again = [
        record.content for shard in index.shards for record in read(index, shard, "train", "validation", "test")
    ]
    assert read_again == [picture(number) for number in range(30)]
    assert find_shards(folder) == index


def test_names_of_shards_tell_their_split(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for number, name in enumerate(("train-0.tar", "my_val-0.tar", "test-0.tar")):
        write_tar(folder / name, sample(2 * number) | sample(2 * number + 1))
    assert {shard.file.rpartition("/")[2]: dict(shard.images) for shard in find_shards(folder).shards} == {
        "my_val-0.tar": {"validation": 2},
        "test-0.tar": {"test": 2},
        "train-0.tar": {"train": 2},
    }


def test_a_row_of_urls_is_expanded(tmp_path: Path) -> None:
    folder = write_set(tmp_path, [1, 1, 1])
    with served(folder) as (url, _):
        assert files_of(url + "/part-{0000..0002}.tar") == [f"{url}/part-000{number}.tar" for number in range(3)]
        with pytest.raises(LeadlineError, match="folders on the web cannot be listed"):
            files_of(url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no index of shards"),
        ('{"classes": ["a"], "labels": {}, "shards": [], "format": 2}', "format 2"),
        ('{"classes": [], "labels": {}, "shards": []}', "must be several"),
        ('{"classes": ["a"], "labels": {"train": {"a": 2}}, "shards": []}', "do not agree"),
        (
            '{"classes": ["a"], "labels": {}, "shards": [{"file": "../a", "bytes": 1, "sha256": "", "images": {}}]}',
            "outside",
        ),
    ],
)
def test_a_damaged_index_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / INDEX).write_text(text)
    with pytest.raises(LeadlineError, match=rf"index\.json: .*{said}"):
        find_shards(tmp_path)
