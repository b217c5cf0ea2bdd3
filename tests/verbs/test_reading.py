"""Channels, stacks and intensities from the first option to the last prediction: said once, at training."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile

from leadline.classifier import load
from leadline.data.preprocessing import geometry, measured
from leadline.errors import LeadlineError, UsageError
from leadline.report.run_tables import read_run
from leadline.training.recipe import Recipe
from leadline.training.run_folder import Run
from leadline.verbs.compare import compare
from leadline.verbs.evaluate import evaluate
from leadline.verbs.predict import predict
from leadline.verbs.train import plan_training, resume, train

from ..conftest import disc

MODEL = "resnet20_cifar"
NAMES = ("dna", "er", "rna", "agp", "mito")
TELLING = 3  # the channel that the label is in
COUNT = 60


def five_channels(number: int, *, bright: bool) -> np.ndarray:
    """12 bits, (5, 32, 32): a disc in each channel, whose brightness is the label's in one and chance in the others."""
    random = np.random.default_rng(number)
    telling = [bright if channel == TELLING else bool(random.integers(2)) for channel in range(5)]
    planes = [disc(10 * number + channel, bright=value) for channel, value in enumerate(telling)]
    return np.stack(planes).astype(np.uint16) * 16


def images() -> list[tuple[str, int, np.ndarray]]:
    return [
        (label, number, five_channels(1000 * position + number, bright=position == 1))
        for position, label in enumerate(("dark", "light"))
        for number in range(COUNT)
    ]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five-channel OME-TIFFs in class folders."""
    root = tmp_path_factory.mktemp("five")
    for label, number, values in images():
        (root / label).mkdir(exist_ok=True)
        file = root / label / f"{number:03d}.ome.tif"
        tifffile.imwrite(file, values, photometric="minisblack", ome=True, metadata={"axes": "CYX"})
    return root


@pytest.fixture(scope="module")
def telling(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Trained on the channel with the label and another one, each between percentiles."""
    out = tmp_path_factory.mktemp("runs") / "telling"
    return train(data, model=MODEL, epochs=8, out=out, channels=f"{TELLING},0", intensity="percentile 1 99")


def right(run: Run) -> tuple[int, int]:
    """Correct answers for the validation and test images, and how many these are."""
    table = run.predictions.table
    return int((table["label"] == table["predicted"]).sum()), len(table)


def test_a_label_in_one_channel_is_learned_and_is_not_when_that_channel_is_left_out(
    data: Path, telling: Run, tmp_path: Path
) -> None:
    assert right(telling) == (36, 36)
    others = ",".join(str(channel) for channel in range(5) if channel != TELLING)
    without = train(data, model=MODEL, epochs=8, out=tmp_path / "without", channels=others)
    correct, of = right(without)
    assert correct <= 27, f"{correct} of {of}: more than chance gives in one of 500 trainings"


def test_the_choice_travels_with_the_classifier(telling: Run) -> None:
    recipe, preprocessing = telling.recipe, telling.classifier.preprocessing
    assert (recipe.channels, recipe.intensity) == (f"{TELLING},0", "percentile 1 99")
    assert (preprocessing.channels, preprocessing.select, preprocessing.dtype) == (2, (TELLING, 0), "uint16")
    assert preprocessing.intensity == "percentile 1 99"
    assert telling.classifier.provenance["recipe"]["channels"] == f"{TELLING},0"
    page = (telling.folder / "report.html").read_text("utf-8")
    assert "percentile 1 99" in page
    assert f"{TELLING},0" in page


def test_a_classifier_selects_from_five_channels_itself_and_names_an_image_without_them(
    telling: Run, tmp_path: Path
) -> None:
    before = telling.predictions.of_split("test")
    again = predict(telling.folder, [telling.manifest.root / path for path in before.table["path"]])
    assert again.table["predicted"].equals(before.table["predicted"])
    tifffile.imwrite(tmp_path / "three.tif", np.zeros((3, 32, 32), np.uint16), photometric="minisblack",
                     metadata={"axes": "CYX"})  # fmt: skip
    found = predict(telling.folder, tmp_path / "three.tif")
    assert found.table["error"][0] == (
        "3 channels of uint16, but the classifier takes channels 3, 0 (counted from 0) of uint16"
    )


def test_what_the_channels_left_out_hold_changes_no_prediction(telling: Run, tmp_path: Path) -> None:
    for label, number, values in images()[:3]:
        values[[1, 2, 4]] = 65535
        tifffile.imwrite(tmp_path / f"{label}{number}.tif", values, photometric="minisblack", metadata={"axes": "CYX"})
    originals = sorted((telling.manifest.root / "dark").iterdir())[:3]
    changed, as_it_was = predict(telling.folder, tmp_path), predict(telling.folder, originals)
    np.testing.assert_array_equal(changed.probabilities, as_it_was.probabilities)


def test_percentiles_are_of_the_training_images_alone(telling: Run) -> None:
    manifest, preprocessing = telling.manifest, telling.classifier.preprocessing
    decoding = geometry(manifest, size=telling.recipe.size, reading=telling.recipe.reading)
    training = manifest.usable.filter(split="train")
    pixels = np.stack([decoding.read(files) for files in manifest.files(training)])
    assert measured(decoding, pixels) == preprocessing
    low, high = np.percentile(pixels[..., 0], (1, 99))
    assert (preprocessing.low[0], preprocessing.high[0]) == (low, high)


def test_a_run_of_before_these_settings_is_still_read(telling: Run, tmp_path: Path) -> None:
    classifier = load(telling.folder)
    plain = replace(classifier.preprocessing, select=(), intensity="dtype", low=(), high=())
    replace(classifier, preprocessing=plain).save(tmp_path / "run" / "classifier")
    file = tmp_path / "run" / "classifier" / "classifier.json"
    description = json.loads(file.read_text())
    new = ("select", "project", "intensity", "low", "high", "names")
    description["preprocessing"] = {
        name: value for name, value in description["preprocessing"].items() if name not in new
    }
    file.write_text(json.dumps(description))
    assert load(tmp_path / "run").preprocessing == plain
    recipe = tmp_path / "run" / "recipe.toml"
    telling.recipe.write(recipe)
    lines = [
        line
        for line in recipe.read_text().splitlines()
        if line.split(" ")[0] not in ("channels", "intensity", "project")
    ]
    recipe.write_text("\n".join(lines))
    assert Recipe.read(recipe).reading.numbers == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("intensity = 'full'", "--intensity 'full': expected"),
        ("project = 'sum'", "--project sum"),
        ("channels = '0,0'", "0 twice"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused_before_the_images_are_read(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "my.toml").write_text(text)
    with pytest.raises(UsageError, match=message):
        plan_training("no such data", model=MODEL, recipe=tmp_path / "my.toml")


def stacks(root: Path, count: int) -> Path:
    """Stacks of three planes, the disc in one of them."""
    for position, label in enumerate(("dark", "light")):
        (root / label).mkdir(parents=True)
        for number in range(count):
            values = np.full((3, 32, 32), 100, np.uint8)
            values[number % 3] = disc(5000 + 1000 * position + number, bright=position == 1)
            tifffile.imwrite(root / label / f"{number}.tif", values, photometric="minisblack", metadata={"axes": "ZYX"})
    return root


def test_stacks_are_trained_on_evaluated_and_predicted_as_they_were_projected(tmp_path: Path) -> None:
    data, other = stacks(tmp_path / "data", 12), stacks(tmp_path / "other", 4)
    with pytest.raises(LeadlineError, match=r"no image that can be used \(dark/0.tif: is a stack of 3 .*--project max"):
        train(data, model="lenet5", epochs=1, out=tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    compared = compare(data, models=["lenet5"], epochs=2, out=tmp_path / "compared", project="max")
    run = compared.choice
    assert run.recipe.project == run.classifier.preprocessing.project == "max"
    assert len(evaluate(run.folder, other).predictions.readable) == 8
    before = run.predictions.of_split("test")
    again = predict(run.folder, [run.manifest.root / path for path in before.table["path"]])
    np.testing.assert_allclose(again.probabilities, before.probabilities, atol=0.02)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same images with a file per channel, and the table that names them."""
    root = tmp_path_factory.mktemp("apart")
    rows = []
    for label, number, values in images()[:COUNT:3] + images()[COUNT::3]:
        for name, plane in zip(NAMES, values, strict=True):
            tifffile.imwrite(root / f"{label}{number}_{name}.tif", plane)
        rows.append({"label": label, **{f"path:{name}": f"{label}{number}_{name}.tif" for name in NAMES}})
    pl.DataFrame(rows).write_csv(root / "table.csv")
    return root / "table.csv"


@pytest.fixture(scope="module")
def apart(tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tables, model="lenet5", epochs=2, out=tmp_path_factory.mktemp("apart") / "run", channels="agp,dna")


def test_channels_in_files_of_their_own_are_trained_on_and_predicted(apart: Run, tables: Path, tmp_path: Path) -> None:
    assert apart.classifier.preprocessing.names == ("agp", "dna")
    before = apart.predictions.of_split("test")
    assert all(path.endswith("_agp.tif") for path in before.table["path"])
    # A table of the same form: other order, more columns, no labels.
    chosen = before.table["path"].to_list()
    new = pl.DataFrame({"path:dna": [path.replace("agp", "dna") for path in chosen], "path:agp": chosen, "well": "A1"})
    new = new.with_columns(
        pl.col("path:dna", "path:agp").map_elements(lambda name: str(tables.parent / name), pl.String)
    )
    new.write_csv(tmp_path / "new.csv")
    found = predict(apart.folder, tmp_path / "new.csv", allow_outside=True)
    np.testing.assert_allclose(found.probabilities, before.probabilities, atol=0.02)
    assert found.table["path"].to_list() == new["path:agp"].to_list()


def test_evaluating_such_a_classifier_takes_such_a_table(apart: Run, tables: Path) -> None:
    found = evaluate(apart.folder, tables)
    assert len(found.predictions.readable) == 2 * COUNT / 3
    own = evaluate(apart.folder)
    assert own.predictions.table["predicted"].equals(apart.predictions.of_split("test").table["predicted"])


def test_anything_else_is_refused_with_the_columns_that_are_missing(apart: Run, tables: Path, telling: Run) -> None:
    message = "the classifier was trained on images with a file per channel; .* columns path:agp, path:dna"
    for inputs in (tables.parent, tables.parent / "dark0_agp.tif"):
        with pytest.raises(LeadlineError, match=message):
            predict(apart.folder, inputs)
    with pytest.raises(LeadlineError, match=message):
        evaluate(apart.folder, telling.manifest.root)
    with pytest.raises(LeadlineError, match=r"table.csv: has a column per channel .* all channels in one file"):
        predict(telling.folder, tables)


def test_a_channel_that_cannot_be_read_leaves_its_row_without_a_prediction(
    apart: Run, tables: Path, tmp_path: Path
) -> None:
    root = tables.parent
    (tmp_path / "empty.tif").touch()
    lines = [f"{root}/dark0_agp.tif,{root}/dark0_dna.tif", f"{root}/dark0_agp.tif,{tmp_path}/empty.tif",
             f"{root}/dark3_agp.tif,{tmp_path}/absent.tif"]  # fmt: skip
    (tmp_path / "new.csv").write_text("\n".join(["path:agp,path:dna", *lines]))
    found = predict(apart.folder, tmp_path / "new.csv", allow_outside=True)
    assert [bool(error) for error in found.table["error"]] == [False, True, True]
    assert "empty.tif: is empty" in found.table["error"][1]
    assert "absent.tif: no such file" in found.table["error"][2]


def test_a_table_of_paths_names_images_to_predict(telling: Run, tmp_path: Path) -> None:
    chosen = sorted((telling.manifest.root / "light").iterdir())[:4]
    (tmp_path / "new.csv").write_text("\n".join(["path", *map(str, chosen)]))
    found = predict(telling.folder, tmp_path / "new.csv", allow_outside=True)
    assert found.table["path"].to_list() == [str(path) for path in chosen]
    np.testing.assert_allclose(found.probabilities, predict(telling.folder, chosen).probabilities)


def test_a_report_knows_the_files_of_each_image(apart: Run) -> None:
    files = read_run(apart.folder).channel_files
    assert files["dark0_agp.tif"] == ("dark0_agp.tif", "dark0_dna.tif")
    assert len(files) == len(apart.manifest.table)


def test_an_interrupted_run_goes_on_with_its_own_channels(apart: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(apart.folder, tmp_path / "run"))
    for name in ("metrics.json", "checkpoint.pt", "checkpoint.previous.pt"):
        (copy / name).unlink(missing_ok=True)
    again = resume(copy)
    np.testing.assert_array_equal(again.predictions.probabilities, apart.predictions.probabilities)
