"""A table may come from a stranger: what it lists outside its own folder is read only where a person says so."""

from pathlib import Path

import pytest

from leadline.data.reading import Reading
from leadline.data.sources.scan import scan
from leadline.data.sources.tables import image_table
from leadline.errors import LeadlineError

from ...conftest import MakeImages

OUTSIDE = Reading(allow_outside=True)


@pytest.mark.parametrize("written", ["../other/dark/000.png", "light/../../other/dark/000.png", "{absolute}"])
def test_a_path_that_climbs_out_is_refused_by_name(make_images: MakeImages, written: str) -> None:
    root, other = make_images(count=2), make_images("other", count=2)
    path = written.format(absolute=other / "dark" / "000.png")
    table = root / "table.csv"
    table.write_text(f"path,label\ndark/000.png,x\nlight/000.png,y\n{path},x\n")
    for read in (lambda: scan(table), lambda: image_table(table, channel_names=())):
        with pytest.raises(LeadlineError, match=r"table\.csv: lists .*000\.png outside its folder .*--allow-outside"):
            read()
    assert len(scan(table, reading=OUTSIDE).usable) == 3
    assert len(image_table(table, channel_names=(), allow_outside=True)) == 3


def test_the_file_of_a_further_channel_may_not_climb_either(make_images: MakeImages) -> None:
    root = make_images(count=2)
    make_images("other", count=2)
    table = root / "table.csv"
    table.write_text("path:a,path:b,label\ndark/000.png,../other/dark/000.png,x\nlight/000.png,light/001.png,y\n")
    with pytest.raises(LeadlineError, match="--allow-outside"):
        scan(table)
    assert len(scan(table, reading=OUTSIDE).usable) == 2


def test_what_lies_in_the_folder_is_read_however_it_is_written(
    make_images: MakeImages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a detour, as an absolute path, through a link to the folder, and beside a table named from within it."""
    root = make_images(count=2)
    link = tmp_path / "link"
    link.symlink_to(root)
    lines = ["path,label", "./dark/../dark/000.png,x", f"{root}/light/000.png,y", f"{link}/light/001.png,y"]
    (root / "table.csv").write_text("\n".join(lines))
    assert len(scan(link / "table.csv").usable) == 3
    (root / "table.csv").write_text("\n".join(lines[:3]))
    monkeypatch.chdir(root)
    assert len(scan("table.csv").usable) == 2
    assert len(image_table(Path("table.csv"), channel_names=())) == 2
