"""One planted problem of each kind is found, and nothing but it; in a clean set nothing is found at all."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from leadline.data.audit import audit
from leadline.data.audit.problem import KINDS
from leadline.data.reading import Reading
from leadline.data.sources.scan import scan
from leadline.data.split.holdout import split
from leadline.verbs.check import check

from .conftest import COUNT, Kinds, texture


def moved(root: Path, *, into: tuple[str, ...]) -> Path:
    """The class folders of `root` dealt into split folders, image by image."""
    for file in sorted(root.glob("*/*.png")):
        home = root / into[int(re.findall(r"\d+", file.stem)[-1]) % len(into)] / file.parent.name
        home.mkdir(parents=True, exist_ok=True)
        file.rename(home / file.name)
    for folder in ("round", "square"):
        (root / folder).rmdir()
    return root


def test_in_a_clean_set_nothing_is_found(clean: Path) -> None:
    found = check(clean)
    assert found.problems == ()
    assert found.problems == ()
    assert found.summary.classes == {"round": COUNT, "square": COUNT}


def test_in_the_digits_nothing_is_found() -> None:
    assert check("digits").problems == ()


def test_grey_sixteen_bit_and_five_channel_images_are_no_problem_either(clean: Path) -> None:
    for file in sorted(clean.glob("*/*.png")):
        planes = texture(7 * int(file.stem) + (file.parent.name == "round"), channels=5).transpose(2, 0, 1)
        name = file.with_suffix(".tif")
        tifffile.imwrite(name, planes.astype(np.uint16) * 15, metadata={"axes": "CYX"}, photometric="minisblack")
        file.unlink()
    assert check(clean).problems == ()


def test_files_that_cannot_be_read_are_each_named_with_the_reason(clean: Path, kinds_in: Kinds) -> None:
    (clean / "round" / "empty.png").touch()
    content = (clean / "round" / "001.png").read_bytes()
    (clean / "square" / "cut.png").write_bytes(content[: len(content) // 2])
    damaged = bytearray((clean / "round" / "002.png").read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF  # its header is whole: only decoding all of it shows the damage
    (clean / "round" / "damaged.png").write_bytes(damaged)
    (clean / "square" / "text.png").write_text("not an image")
    found = kinds_in(clean)
    assert set(found) == {"unreadable_file"}
    reasons = {one.paths: one.message for one in found["unreadable_file"]}
    assert set(reasons) == {("round/damaged.png",), ("round/empty.png",), ("square/cut.png",), ("square/text.png",)}
    assert "is empty" in reasons[("round/empty.png",)]
    assert "is cut off" in reasons[("square/cut.png",)]
    assert "is a damaged PNG" in reasons[("round/damaged.png",)]
    assert all(one.severity == "error" for one in found["unreadable_file"])


def test_files_named_as_another_format(clean: Path, kinds_in: Kinds) -> None:
    (clean / "round" / "003.png").rename(clean / "round" / "003.jpg")
    (problem,) = kinds_in(clean)["misnamed_file"]
    assert problem.paths == ("round/003.jpg",)
    assert "named .jpg, but is a PNG" in problem.message


def test_images_that_are_passed_over(clean: Path, kinds_in: Kinds) -> None:
    Image.fromarray(texture(901)).save(clean / "stray.png")
    Image.fromarray(texture(902)).save(clean / "round" / "image.dat", "PNG")
    (clean / "notes.txt").write_text("BM is how a bitmap begins, and this is none")
    outside, hidden = kinds_in(clean)["overlooked_image"]
    assert outside.paths == ("stray.png",)
    assert hidden.paths == ("round/image.dat",)


@pytest.mark.parametrize(
    ("copy", "severity", "words"),
    [("square/copy.png", "error", "different classes"), ("round/copy.png", "hint", "the same file: ")],
)
def test_copies_of_a_file(clean: Path, kinds_in: Kinds, copy: str, severity: str, words: str) -> None:
    shutil.copy(clean / "round" / "004.png", clean / copy)
    found = kinds_in(clean)
    assert set(found) == {"exact_duplicates"}
    (problem,) = found["exact_duplicates"]
    assert set(problem.paths) == {"round/004.png", copy}
    assert problem.severity == severity
    assert words in problem.message


@pytest.mark.parametrize("way", ["jpeg", "half", "double", "brighter"])
def test_an_image_that_was_saved_again_in_another_split_is_found(clean: Path, kinds_in: Kinds, way: str) -> None:
    root = moved(clean, into=("train", "test"))
    original = Image.open(root / "train" / "round" / "004.png")
    copies = {
        "jpeg": original,
        "half": original.resize((20, 20)),
        "double": original.resize((80, 80)),
        "brighter": original.point(lambda value: min(254, value * 1.1 + 5)),
    }
    name = f"test/round/copy.{'jpg' if way == 'jpeg' else 'png'}"
    copies[way].save(root / name, **({"quality": 60} if way == "jpeg" else {}))
    (problem,) = kinds_in(root)["near_duplicates"]
    assert set(problem.paths) == {"train/round/004.png", name}
    assert problem.severity == "warning"
    assert "different splits" in problem.message


def test_a_copy_in_another_split_is_an_error(clean: Path, kinds_in: Kinds) -> None:
    root = moved(clean, into=("train", "test"))
    shutil.copy(root / "train" / "round" / "004.png", root / "test" / "round" / "copy.png")
    (problem,) = kinds_in(root)["exact_duplicates"]
    assert problem.severity == "error"
    assert problem.paths == ("test/round/copy.png", "train/round/004.png")


@pytest.mark.parametrize(("left", "severity"), [(2, "error"), (20, "warning"), (30, None)])
def test_a_class_of_few_images(clean: Path, kinds_in: Kinds, left: int, severity: str | None) -> None:
    for file in sorted((clean / "round").iterdir())[left:]:
        file.unlink()
    found = {one.severity for one in kinds_in(clean).get("class_too_small", [])}
    assert found == ({severity} if severity else set())


def test_a_class_of_which_no_image_can_be_spared_for_the_test(clean: Path, kinds_in: Kinds) -> None:
    for file in sorted((clean / "round").iterdir())[4:]:
        file.unlink()
    shutil.copy(clean / "round" / "000.png", clean / "round" / "copy.png")
    (problem,) = kinds_in(clean)["class_too_small"]
    assert problem.severity == "warning"
    assert "4 different images" in problem.message
    assert "test split" in problem.message
    assert "at least 5" in problem.advice
    # A training looks at them with the splits that were made of them.
    (again,) = [one for one in audit(split(scan(clean))).problems if one.kind == "class_too_small"]
    assert (again.severity, again.message) == (problem.severity, problem.message)


def test_a_class_that_a_given_split_lacks(clean: Path, kinds_in: Kinds) -> None:
    root = moved(clean, into=("train", "test"))
    shutil.rmtree(root / "test" / "square")
    (problem,) = [one for one in kinds_in(root)["class_too_small"] if one.severity == "error"]
    assert "'square' has no image in the test split" in problem.message


def test_classes_of_unequal_size(clean: Path, kinds_in: Kinds) -> None:
    for number in range(300, 300 + 9 * COUNT):
        Image.fromarray(texture(number)).save(clean / "round" / f"{number}.png")
    (problem,) = kinds_in(clean)["class_imbalance"]
    assert "10 times as many images as 'square' (320 and 32)" in problem.message


def test_class_names_that_differ_only_in_writing(clean: Path, kinds_in: Kinds) -> None:
    (clean / "Round").mkdir()
    for number in range(COUNT):
        Image.fromarray(texture(600 + number)).save(clean / "Round" / f"{number}.png")
    (problem,) = kinds_in(clean)["similar_class_names"]
    assert "'Round' and 'round'" in problem.message


def test_types_that_no_network_can_learn_from_together(clean: Path, kinds_in: Kinds) -> None:
    tifffile.imwrite(clean / "round" / "deep.tif", texture(903)[:, :, 0].astype(np.uint16) * 200)
    Image.fromarray(texture(904)[:, :, 0]).save(clean / "round" / "grey.png")
    (problem,) = kinds_in(clean)["mixed_types"]
    assert problem.severity == "error"
    assert set(problem.paths) == {"round/deep.tif", "round/grey.png"}
    assert "64 images with 3 channels of uint8" in problem.message
    (clean / "round" / "deep.tif").unlink()
    assert kinds_in(clean)["mixed_types"][0].severity == "hint"


def test_channels_that_all_images_share_may_be_asked_for(clean: Path) -> None:
    for number, file in enumerate(sorted((clean / "round").glob("*.png"))):
        planes = texture(number, channels=5).transpose(2, 0, 1)
        tifffile.imwrite(file.with_suffix(".tif"), planes, metadata={"axes": "CYX"}, photometric="minisblack")
        file.unlink()
    for channels, severities in (("", ["error"]), ("0,2", []), ("4", ["error"])):
        found = audit(scan(clean), reading=Reading(channels=channels))
        assert [one.severity for one in found.problems if one.kind == "mixed_types"] == severities


def test_a_stack_is_projected_when_asked_and_a_channel_may_have_a_file_of_its_own(clean: Path) -> None:
    rows = ["path:dna,path:actin,label"]
    for number, file in enumerate(sorted(clean.glob("*/*.png"))):
        planes = texture(number, channels=6).transpose(2, 0, 1)
        tifffile.imwrite(file.with_suffix(".tif"), planes, metadata={"axes": "ZYX"}, photometric="minisblack")
        for name, plane in zip(("dna", "actin"), planes, strict=False):
            Image.fromarray(plane).save(clean.parent / f"{number}_{name}.png")
        rows.append(f"{number}_dna.png,{number}_actin.png,{file.parent.name}")
        file.unlink()
    assert check(clean).unreadable == 2 * COUNT
    (hint,) = check(clean, project="max").problems
    assert (hint.severity, hint.message) == ("hint", "64 images: max of 6 planes in depth")
    table = clean.parent / "table.csv"
    table.write_text("\n".join(rows))
    assert check(table).problems == ()
    (clean.parent / "7_actin.png").write_bytes(b"")
    (problem,) = check(table).problems
    assert problem.kind == "unreadable_file"
    assert "7_actin.png: is empty" in problem.message


def test_sizes_that_are_unlike_all_others(clean: Path, kinds_in: Kinds) -> None:
    Image.fromarray(texture(905, size=200)).save(clean / "round" / "huge.png")
    Image.fromarray(texture(906)[:12]).save(clean / "round" / "strip.png")
    strip, huge = kinds_in(clean)["mixed_sizes"]
    assert strip.paths == ("round/strip.png",)
    assert huge.paths == ("round/huge.png",)


def test_a_class_that_is_stored_otherwise(clean: Path, kinds_in: Kinds) -> None:
    for file in sorted((clean / "round").iterdir()):
        Image.open(file).save(file.with_suffix(".jpg"), quality=95)
        file.unlink()
    (problem,) = kinds_in(clean)["class_by_file"]
    assert "the file format alone tells the class of 100% of the images (round JPEG, square PNG)" in problem.message


def test_images_without_content_and_burnt_out_ones(clean: Path, kinds_in: Kinds) -> None:
    Image.new("RGB", (40, 40), (7, 7, 7)).save(clean / "round" / "blank.png")
    burnt = texture(907)
    burnt[:, 4:] = 255
    Image.fromarray(burnt).save(clean / "square" / "burnt.png")
    found = kinds_in(clean)
    assert set(found) == {"constant_image", "saturated_image"}
    assert found["constant_image"][0].paths == ("round/blank.png",)
    assert found["saturated_image"][0].paths == ("square/burnt.png",)


def test_a_white_background_that_all_images_share_is_no_saturation(clean: Path) -> None:
    for file in sorted(clean.glob("*/*.png")):
        pixels = np.asarray(Image.open(file)).copy()
        pixels[:, 12:] = 255
        Image.fromarray(pixels).save(file)
    assert "saturated_image" not in check(clean).summary.kinds


def test_deep_images_that_are_clipped_below_their_type(clean: Path, kinds_in: Kinds) -> None:
    for number, file in enumerate(sorted(clean.glob("*/*.png"))):
        values = texture(number)[:, :, 0].astype(np.uint16) * 16
        tifffile.imwrite(file.with_suffix(".tif"), np.minimum(values * 2, 4095) if number == 5 else values)
        file.unlink()
    (problem,) = kinds_in(clean)["saturated_image"]
    assert problem.paths == ("round/005.tif",)


def test_a_channel_in_which_nothing_is(clean: Path, kinds_in: Kinds) -> None:
    for file in sorted(clean.glob("*/*.png")):
        pixels = np.asarray(Image.open(file)).copy()
        pixels[:, :, 1] = 9
        Image.fromarray(pixels).save(file)
    (problem,) = kinds_in(clean)["empty_channel"]
    assert "channel 1 (counted from 0)" in problem.message


def test_groups_in_more_than_one_split(clean: Path, kinds_in: Kinds) -> None:
    root = moved(clean, into=("train", "test"))
    (problem,) = kinds_in(root, group=r"/0(\d)")["divided_group"]
    assert problem.severity == "error"
    assert "4 of 4 groups lie in more than one split, such as 0 in test and train" in problem.message
    assert len(problem.paths) == 8  # one of each group and split
    assert "divided_group" not in kinds_in(root, group=r"^(\w+)/")


def test_groups_that_names_give_away_and_nobody_declared(clean: Path, kinds_in: Kinds) -> None:
    for file in sorted(clean.glob("*/*.png")):
        number = int(file.stem)
        file.rename(file.with_name(f"patient{number % 8 + 1}_cell{number}.png"))
    (problem,) = kinds_in(clean)["undeclared_groups"]
    assert "8 values such as patient1, patient2, patient3, about 8 images each" in problem.message
    assert "--group '(patient\\d+)[^/]*$'" in problem.advice
    assert "undeclared_groups" not in kinds_in(clean, group=r"(patient\d+)[^/]*$")
    root = moved(clean, into=("train", "test"))
    (problem,) = kinds_in(root)["undeclared_groups"]
    assert "lie in more than one split" not in problem.message  # dealt by their numbers, patients are whole


def test_the_classes_lie_a_level_deeper(clean: Path, kinds_in: Kinds) -> None:
    for plate in ("morning", "evening"):
        shutil.copytree(clean, clean.parent / "plates" / plate)
    (problem,) = kinds_in(clean.parent / "plates")["nested_folders"]
    assert "the classes would be evening, morning, but each of them holds the folders round, square" in problem.message
    found = kinds_in(clean.parent / "cells")
    assert found == {}


def test_a_folder_per_patient_within_the_classes_is_a_group_and_no_class(clean: Path, kinds_in: Kinds) -> None:
    for file in sorted(clean.glob("*/*.png")):
        home = file.parent / f"patient {int(file.stem) % 8}"
        home.mkdir(exist_ok=True)
        file.rename(home / file.name)
    found = kinds_in(clean)
    assert set(found) == {"undeclared_groups"}
    assert "--group '([^/]+)/[^/]+$'" in found["undeclared_groups"][0].advice


def test_characters_that_cannot_be_seen(clean: Path, kinds_in: Kinds) -> None:
    (clean / "round").rename(clean / "round\u200e")
    (problem,) = kinds_in(clean)["unseen_characters"]
    assert r"round\u200e" in problem.message
    (clean / "round\u200e").rename(clean / "\U0001f469\u200d\U0001f52c")  # a joiner within an emoji
    assert "unseen_characters" not in kinds_in(clean)


def test_every_kind_has_been_planted_here() -> None:
    text = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []
