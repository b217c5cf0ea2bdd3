"""The server gives predict's answers, refuses what is too much, and goes on after whatever is sent."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from leadline.classifier import load
from leadline.errors import LeadlineError
from leadline.page.assemble import policy
from leadline.server import app as app_module
from leadline.server import batching, uploads
from leadline.server.batching import Batcher, Full
from leadline.verbs.predict import predict
from leadline.verbs.serve import serve


def images_of(run: Path) -> list[Path]:
    return sorted((run.parent / "images").rglob("*.png"))


def sent(*files: Path, field: str = "files") -> list[tuple[str, tuple[str, bytes]]]:
    return [(field, (file.name, file.read_bytes())) for file in files]


def test_the_answers_are_predicts_in_the_order_of_the_files(client: TestClient, served_run: Path) -> None:
    files = images_of(served_run)[::5]
    found = client.post("/predict", files=sent(*files)).json()["predictions"]
    known = predict(served_run, files, engine="torch").table
    assert [one["name"] for one in found] == [file.name for file in files]
    assert [one["predicted"] for one in found] == known["predicted"].to_list()
    assert [one["probability"] for one in found] == pytest.approx(known["probability"].to_list(), abs=0.02)
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1)


def test_an_image_that_cannot_be_read_is_named_and_costs_no_other(client: TestClient, served_run: Path) -> None:
    good = images_of(served_run)[0]
    answer = client.post("/predict", files=[("files", ("empty.png", b"")), *sent(good)])
    broken, read = answer.json()["predictions"]
    assert answer.status_code == 200
    assert (broken["name"], broken["predicted"]) == ("empty.png", None)
    assert "empty" in broken["error"]
    assert "upload" not in broken["error"]
    assert read["predicted"]
    alone = client.post("/predict", files=[("files", ("../../etc/passwd", b"no image"))])
    assert alone.status_code == 422
    assert "passwd" in alone.json()["detail"]


def test_too_much_is_refused_with_the_right_status(
    client: TestClient, served_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = images_of(served_run)[0]
    with monkeypatch.context() as changed:
        changed.setattr(app_module, "MOST_BYTES", 100)
        assert client.post("/predict", files=sent(good)).status_code == 413
    with monkeypatch.context() as changed:
        changed.setattr(app_module, "MOST_FILES", 1)
        assert client.post("/predict", files=sent(good, good)).status_code == 413
    with monkeypatch.context() as changed:
        changed.setattr(batching, "WAITING", 0)
        answer = client.post("/predict", files=sent(good))
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    chunks = client.post("/predict", content=iter([b"no length"]), headers={"content-type": "multipart/form-data"})
    assert chunks.status_code == 411
    assert client.post("/predict").status_code == 422
    assert client.get("/health").json() == {"status": "ok"}


def crash(*_: Any) -> None:
    os._exit(11)


def test_a_decoder_that_crashes_costs_one_image(
    client: TestClient, served_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = images_of(served_run)[0]
    with monkeypatch.context() as changed:
        changed.setattr(uploads, "decode", crash)
        answer = client.post("/predict", files=sent(good))
        assert answer.status_code == 422
        assert uploads.CRASHED in answer.json()["detail"]
    assert client.post("/predict", files=sent(good)).status_code == 200


def test_a_map_comes_with_its_image(client: TestClient, served_run: Path) -> None:
    good = images_of(served_run)[-1]
    found = client.post("/explain", files=sent(good, field="file")).json()
    assert found["of_class"] == found["predicted"]
    assert np.shape(found["map"]) == (8, 8)
    assert found["overlay"].startswith("data:image/png;base64,")
    other = client.post("/explain", params={"of_class": "light"}, files=sent(good, field="file")).json()
    assert other["of_class"] == "light"
    assert client.post("/explain", params={"of_class": "grey"}, files=sent(good, field="file")).status_code == 422
    assert client.post("/explain", files=[("file", ("a.png", b"no"))]).status_code == 422


def test_the_model_is_described_and_no_file_of_the_server_is_reached(client: TestClient) -> None:
    model = client.get("/model").json()
    assert model["card"] == "# A card"
    assert len(model["classes"]) == 2
    assert model["preprocessing"]["size"] == 32
    for path in ("/../pyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "/model/../../etc/passwd", "/static/app.py"):
        assert client.get(path).status_code == 404
    page = client.get("/")
    assert page.headers["content-security-policy"] == policy("server")
    assert "--paper: #fefefc" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_what_waits_together_goes_through_the_network_together() -> None:
    calls: list[int] = []

    def predicting(pixels: np.ndarray) -> np.ndarray:
        calls.append(len(pixels))
        return pixels.reshape(len(pixels), -1).astype(np.float64)

    async def ask() -> list[np.ndarray]:
        batcher = Batcher(predicting)
        asked = [asyncio.create_task(batcher.answer(np.full((1, 1, 1), number))) for number in range(10)]
        await asyncio.sleep(0)
        batcher.start()
        answers = await asyncio.gather(*asked)
        await batcher.close()
        return answers

    assert [int(answer[0]) for answer in asyncio.run(ask())] == list(range(10))
    assert calls == [10]


def test_more_than_may_wait_are_refused_until_others_are_answered() -> None:
    batcher = Batcher(lambda pixels: pixels)
    with batcher.admitted(batching.WAITING - 1):
        with pytest.raises(Full), batcher.admitted(2):
            pass
        with batcher.admitted(1):
            pass
    with batcher.admitted(batching.WAITING):
        pass


def test_a_network_that_fails_fails_its_images_and_no_others() -> None:
    fails = [True]

    def sometimes(pixels: np.ndarray) -> np.ndarray:
        if fails and fails.pop():
            raise RuntimeError("no memory")
        return pixels.reshape(len(pixels), -1)

    async def ask() -> None:
        batcher = Batcher(sometimes)
        waiting = [asyncio.create_task(batcher.answer(np.zeros((1, 1, 1)))) for _ in range(5)]
        await asyncio.sleep(0)
        batcher.start()
        for answer in waiting:
            with pytest.raises(RuntimeError, match="no memory"):
                await answer
        assert await batcher.answer(np.ones((1, 1, 1))) == 1
        await batcher.close()

    asyncio.run(ask())


def test_maps_and_predictions_at_the_same_time_keep_out_of_each_others_way(
    client: TestClient, served_run: Path
) -> None:
    files = images_of(served_run)[::4]
    alone = [client.post("/explain", files=sent(file, field="file")).json()["map"] for file in files]
    with ThreadPoolExecutor(8) as pool:
        predicting = [pool.submit(client.post, "/predict", files=sent(file)) for file in files for _ in range(3)]
        explaining = [pool.submit(client.post, "/explain", files=sent(file, field="file")) for file in files]
        assert {answer.result().status_code for answer in [*predicting, *explaining]} == {200}
    for known, answer in zip(alone, explaining, strict=True):
        np.testing.assert_allclose(answer.result().json()["map"], known, atol=1e-4)


def test_what_is_answered_at_once_is_limited_in_bytes(
    client: TestClient, served_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(app_module, "MOST_AT_ONCE", 100)
        assert client.post("/predict", files=sent(images_of(served_run)[0])).status_code == 429
    assert client.post("/predict", files=sent(images_of(served_run)[0])).status_code == 200


def test_images_with_a_file_per_channel_are_refused_before_anybody_sends_one(served_run: Path, tmp_path: Path) -> None:
    classifier = load(served_run)
    channels = replace(classifier.preprocessing, names=("dna",))
    replace(classifier, preprocessing=channels).save(tmp_path / "classifier")
    with pytest.raises(LeadlineError, match="a file for each channel"):
        serve(tmp_path / "classifier")
