"""Where trained weights come from (torchvision, the hub, a run), and that they give their makers' outputs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
import torchvision
from safetensors.torch import save_file

from leadline.errors import LeadlineError, UsageError
from leadline.pretrained.create import create_model
from leadline.pretrained.hub import from_hub
from leadline.pretrained.torchvision_files import COUNTERPARTS, MIRROR, torchvision_weights
from leadline.pretrained.weights import weights_of
from leadline.progress import SILENT
from leadline.zoo import list_models

from ..conftest import Notes
from .conftest import Server, assert_close, images, outputs, serve_as_imagenet, theirs_of


def test_every_network_that_torchvision_has_states_what_torchvision_states() -> None:
    for name, theirs in COUNTERPARTS.items():
        entries = torchvision.models.get_model_weights(theirs)
        ours = torchvision_weights(name)
        assert next(iter(ours.values())).url == entries.DEFAULT.url
        for known in ours.values():
            entry = entries[known.source.upper().replace("IMAGENET:", "IMAGENET1K_")]
            transform = entry.transforms()
            assert (known.url, known.top1, known.top5) == (entry.url, *entry.meta["_metrics"]["ImageNet-1K"].values())
            assert ([known.resize], [known.crop]) == (transform.resize_size, transform.crop_size)
            assert known.interpolation == "bilinear"
            assert len(known.sha256) == 8
            assert known.sha256 in known.url
            if name != "googlenet_bn":
                assert (list(known.mean or ()), list(known.std or ())) == (transform.mean, transform.std)
    assert {name for name in list_models() if torchvision_weights(name)} == set(COUNTERPARTS)


def test_imagenet_weights_are_downloaded_once_into_torch_hubs_folder_and_give_their_outputs(
    server: Server, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, said = theirs_of("resnet18"), Notes()
    known = serve_as_imagenet("resnet18", theirs, server, monkeypatch)
    server.break_off_after = [10_000_000]
    ours = create_model("resnet18", weights="imagenet", progress=said)
    assert torch.equal(outputs(ours, images()), outputs(theirs, images()))
    assert server.ranges == [None, "bytes=10000000-"]
    assert [file.name for file in hub.iterdir() if file.suffix != ".lock"] == [f"resnet18-{known.sha256}.pth"]
    create_model("resnet18", weights="imagenet:v1", progress=said)
    assert len(server.ranges) == 2
    assert [line.split()[0] for line in said.notes] == ["downloading"]
    about = weights_of(ours)
    assert about is not None
    assert (about.source, about.top1, about.resize, about.crop) == ("imagenet:v1", 69.758, 256, 224)
    assert about.mean == (0.485, 0.456, 0.406)
    assert weights_of(create_model("resnet20_cifar")) is None


def test_a_file_of_torchvisions_name_with_other_content_is_refused(
    server: Server, hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (server.folder / "resnet18-f37072fd.pth").write_bytes(b"x" * 1000)
    monkeypatch.setenv(MIRROR, server.url)
    with pytest.raises(LeadlineError, match=r"begins with [0-9a-f]{8}, expected f37072fd"):
        create_model("resnet18", weights="imagenet", progress=SILENT)
    assert [file for file in hub.iterdir() if file.suffix != ".lock"] == []
    (hub / "resnet18-f37072fd.pth").write_bytes(b"put there by hand")
    with pytest.raises(LeadlineError, match=r"f37072fd\.pth: is damaged or another file"):
        create_model("resnet18", weights="imagenet", progress=SILENT)


def test_without_a_network_the_place_for_the_file_is_named(monkeypatch: pytest.MonkeyPatch, hub: Path) -> None:
    monkeypatch.setattr("leadline.pretrained.fetch.PAUSE", 0.0)
    with pytest.raises(LeadlineError) as caught:
        create_model("densenet121", weights="imagenet", progress=SILENT)
    assert str(hub / "densenet121-a639ec97.pth") in str(caught.value)


def test_googlenets_weights_ask_for_the_normalisation_they_were_trained_with(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = theirs_of("googlenet", transform_input=True, aux_logits=True, init_weights=True)
    normal = torchvision.models.GoogLeNet_Weights.DEFAULT.transforms()
    serve_as_imagenet("googlenet_bn", theirs, server, monkeypatch)
    said = Notes()
    ours = create_model("googlenet_bn", weights="imagenet", progress=said)
    about = weights_of(ours)
    assert about is not None
    pixels = images()
    as_usual = torchvision.transforms.functional.normalize(pixels, normal.mean, normal.std)
    expected = outputs(theirs, as_usual)
    found = outputs(ours, torchvision.transforms.functional.normalize(pixels, about.mean, about.std))
    assert_close(found, expected)
    assert (expected[0] - expected[1]).abs().max() > 1e-3 * expected.abs().max()
    with pytest.raises(AssertionError):
        assert_close(
            outputs(ours, torchvision.transforms.functional.normalize(pixels, normal.mean, normal.std)), expected
        )
    assert any("auxiliary heads in this file are not trained" in line for line in said.notes)


def test_a_run_folder_lends_its_weights(tmp_path: Path, trained: Path) -> None:
    home = tmp_path / "run" / "classifier"
    home.mkdir(parents=True)
    state = torch.load(trained)
    save_file(state, home / "model.safetensors")
    preprocessing = {"channels": 3, "dtype": "uint8", "size": 32, "mean": [0.1, 0.2, 0.3], "std": [1.0, 1.0, 1.0]}
    (home / "classifier.json").write_text(
        json.dumps({"architecture": "resnet20_cifar", "preprocessing": preprocessing})
    )
    for folder in (tmp_path / "run", home):
        ours = create_model("resnet20_cifar", weights=folder)
        assert torch.equal(ours.conv1.weight, state["conv1.weight"])
        about = weights_of(ours)
        assert about is not None
        assert (about.crop, about.mean, about.source) == (32, (0.1, 0.2, 0.3), str(folder))
    with pytest.raises(UsageError, match="holds weights of resnet20_cifar, which is another network"):
        create_model("resnet32_cifar", weights=tmp_path / "run")
    with pytest.raises(LeadlineError, match="holds no finished classifier"):
        create_model("resnet20_cifar", weights=tmp_path)
    (home / "classifier.json").write_text("{")
    with pytest.raises(LeadlineError, match=r"classifier\.json: is damaged"):
        create_model("resnet20_cifar", weights=tmp_path / "run")


class AbsentEntryError(Exception):
    pass


@pytest.fixture
def fake_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """huggingface_hub as far as it is used, over a folder OWNER/NAME[@REVISION]/FILE."""
    root = tmp_path / "fake"

    def hf_hub_download(repository: str, file: str, *, revision: str | None = None) -> str:
        found = root / (f"{repository}@{revision}" if revision else repository) / file
        if not found.parent.is_dir():
            raise OSError(f"404 Client Error.\n\nRepository Not Found: {repository}")
        if not found.is_file():
            raise AbsentEntryError(file)
        return str(found)

    package, errors = ModuleType("huggingface_hub"), ModuleType("huggingface_hub.errors")
    package.hf_hub_download = hf_hub_download  # type: ignore[attr-defined]
    errors.EntryNotFoundError = AbsentEntryError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", package)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    return root


def test_safetensors_on_the_hub_come_with_what_timm_states_of_them(fake_hub: Path) -> None:
    home = fake_hub / "timm" / "resnet18.a1_in1k"
    home.mkdir(parents=True)
    theirs = theirs_of("resnet18")
    save_file(theirs.state_dict(), home / "model.safetensors")
    stated = {"input_size": [3, 224, 224], "crop_pct": 0.95, "interpolation": "bicubic", "mean": [0.5], "std": [0.25]}
    (home / "config.json").write_text(json.dumps({"architecture": "resnet18", "pretrained_cfg": stated}))
    ours = create_model("resnet18", weights="hf:timm/resnet18.a1_in1k")
    assert torch.equal(outputs(ours, images()), outputs(theirs, images()))
    about = weights_of(ours)
    assert about is not None
    assert (about.source, about.crop, about.resize) == ("hf:timm/resnet18.a1_in1k", 224, 235)
    assert (about.interpolation, about.top1) == ("bicubic", None)

    home.rename(home.with_name("resnet18.a1_in1k@v2"))
    (home.with_name("resnet18.a1_in1k@v2") / "config.json").unlink()
    (home.with_name("resnet18.a1_in1k@v2") / "model.safetensors").rename(
        home.with_name("resnet18.a1_in1k@v2") / "own.safetensors"
    )
    create_model("resnet18", weights="hf:timm/resnet18.a1_in1k@v2/own.safetensors")


def test_the_hubs_own_client_has_them_from_a_server(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    home = server.folder / "timm" / "resnet20" / "resolve" / "main"
    home.mkdir(parents=True)
    save_file(create_model("resnet20_cifar").state_dict(), home / "model.safetensors")
    (home / "config.json").write_text(json.dumps({"pretrained_cfg": {"input_size": [3, 32, 32]}}))
    script = (
        "from leadline.pretrained.create import create_model\nfrom leadline.pretrained.weights import weights_of\n"
        "print(weights_of(create_model('resnet20_cifar', weights='hf:timm/resnet20')).crop)\n"
        "create_model('resnet20_cifar', weights='hf:timm/resnet20/other.safetensors')"
    )
    places = {"HF_ENDPOINT": server.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **places}, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == "32\n"
    assert "LeadlineError: hf:timm/resnet20/other.safetensors: could not be had" in done.stderr.splitlines()[-1]


def test_the_hubs_resnet50_is_the_variant(fake_hub: Path) -> None:
    home = fake_hub / "timm" / "resnet50.a1_in1k"
    home.mkdir(parents=True)
    (home / "config.json").write_text('{"architecture": "resnet50"}')
    with pytest.raises(UsageError, match=r"resnet50: hf:timm/resnet50\.a1_in1k holds weights of resnet50_v1_5"):
        create_model("resnet50", weights="hf:timm/resnet50.a1_in1k")
    with pytest.raises(LeadlineError, match=r"could not be had from the Hugging Face hub \(model\.safetensors\)"):
        create_model("resnet50_v1_5", weights="hf:timm/resnet50.a1_in1k")
    with pytest.raises(LeadlineError) as caught:
        create_model("resnet50_v1_5", weights="hf:timm/absent")
    assert "\n" not in str(caught.value)


def test_what_transformers_states_of_a_resnet_is_known_too(fake_hub: Path) -> None:
    home = fake_hub / "microsoft" / "resnet-50"
    home.mkdir(parents=True)
    config = {"model_type": "resnet", "layer_type": "bottleneck", "depths": [3, 4, 6, 3]}
    (home / "config.json").write_text(json.dumps(config))
    images = {"size": {"shortest_edge": 224}, "crop_pct": 0.875, "resample": 3, "image_mean": [0.5], "image_std": [0.2]}
    (home / "preprocessor_config.json").write_text(json.dumps(images))
    (home / "model.safetensors").touch()
    for name, holds in (("resnet50", "resnet50_v1_5"), ("resnet34", "resnet50_v1_5")):
        with pytest.raises(UsageError, match=f"{name}: hf:microsoft/resnet-50 holds weights of {holds}"):
            create_model(name, weights="hf:microsoft/resnet-50")
    path, known = from_hub("resnet50_v1_5", "hf:microsoft/resnet-50")
    assert path == home / "model.safetensors"
    assert (known.resize, known.crop, known.interpolation, known.mean) == (256, 224, "bicubic", (0.5,))
    (home / "config.json").write_text(json.dumps({**config, "downsample_in_bottleneck": True}))
    assert from_hub("resnet50", "hf:microsoft/resnet-50")[1].architecture == "resnet50"


def test_a_missing_package_is_one_line_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(LeadlineError, match=r"needs the package huggingface_hub: pip install 'leadline\[hub\]'"):
        create_model("resnet18", weights="hf:timm/resnet18.a1_in1k")
