"""The server: predictions and maps over HTTP, and a page. No upload is kept, none is written under its own name."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, File, HTTPException, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, Response
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from leadline import __version__
from leadline.classifier import Classifier
from leadline.data.loader import Decoded
from leadline.drawing.screen import SMALL_SIDE, data_uri, overlaid
from leadline.inference.engine import Engine
from leadline.page.assemble import About, Accuracy, page, policy
from leadline.saliency.maps import maps_of, method_of, on_the_image
from leadline.server.batching import Answered, Batcher, Full
from leadline.server.uploads import PREVIEW_SIDE, Decoders

MOST_BYTES = 64 * 2**20  # of a request
MOST_FILES = 100
MOST_AT_ONCE = 4 * MOST_BYTES  # of all requests that are being answered


class Prediction(BaseModel):
    """The answer for one image."""

    name: str = Field(description="The name that the file was sent under")
    predicted: str | None = Field(description="A class, or uncertain; null where the image cannot be read")
    probability: float | None = None
    probabilities: dict[str, float] = Field(default_factory=dict, description="Of each class, calibrated")
    novelty: float | None = Field(default=None, description="Above 1: unlike the training images; null: not known")
    unlike: str = Field(default="", description="Why it is unlike the training images; empty where it is like them")
    error: str = Field(default="", description="Why the image cannot be read; empty where it can")


class Predictions(BaseModel):
    predictions: list[Prediction]


class Map(Prediction):
    """The answer for one image, and where the network looked."""

    of_class: str = Field(description="The class that the map is of")
    method: str = Field(description="CAM or Grad-CAM")
    map: list[list[float]] = Field(description="A value for each place; positive speaks for the class")
    overlay: str = Field(description="The map over the image, as a data URI")


class Refusal(BaseModel):
    """Why there is no answer."""

    detail: str | list[Any]


class Model(BaseModel):
    """What this server answers with."""

    architecture: str
    classes: list[str]
    preprocessing: dict[str, Any]
    min_confidence: float | None
    engine: str
    card: str = Field(description="The model card, in Markdown; empty where there is none")
    version: str


class Health(BaseModel):
    status: str = "ok"


BUSY, LATER = "too many images are waiting; try again", {"Retry-After": "1"}
REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal, "description": text}
    for code, text in {
        400: "The form cannot be read",
        411: "The request does not say how long it is",
        413: "The request is too large, or has too many files",
        422: "No image could be read, and each is named with the reason; or a field is missing",
        429: "Too many images are waiting",
    }.items()
}


def create_app(
    classifier: Classifier,
    engine: Engine,
    *,
    name: str = "Classifier",
    said: str = "",
    card: str = "",
    accuracy: Accuracy | None = None,
    min_confidence: float | None = None,
) -> FastAPI:
    """The application for a classifier and the engine that predicts with it; `said` describes the engine."""
    decoders = Decoders(classifier.preprocessing)
    # A map hooks into the network and asks for gradients, so nothing else may run through it meanwhile.
    network = threading.Lock()
    batcher = Batcher(_predicting(engine, network))
    shielded = {"Content-Security-Policy": policy("server"), "X-Content-Type-Options": "nosniff"}
    about = About(
        name=name,
        architecture=classifier.architecture,
        classes=classifier.classes,
        preprocessing=classifier.preprocessing.to_dict(),
        min_confidence=min_confidence or 0.0,
        map_method=method_of(engine.network),
        leadline=__version__,
        accuracy=accuracy,
    )
    front_page = page(about, "server")
    bytes_at_once = 0

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        await batcher.close()
        decoders.close()

    app = FastAPI(title="Leadline", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def limit_and_protect(request: Request, call_next: Callable[[Request], Any]) -> Response:
        nonlocal bytes_at_once
        length = request.headers.get("content-length", "" if request.method == "POST" else "0")
        if not (length.isascii() and length.isdecimal()):
            return JSONResponse({"detail": "say how long the request is (Content-Length)"}, 411, shielded)
        size = int(length)
        if size > MOST_BYTES:
            return JSONResponse({"detail": f"at most {MOST_BYTES // 2**20} MiB in one request"}, 413, shielded)
        if bytes_at_once + size > MOST_AT_ONCE:
            return JSONResponse({"detail": BUSY}, 429, {**shielded, **LATER})
        bytes_at_once += size
        try:
            response: Response = await call_next(request)
        finally:
            bytes_at_once -= size
        response.headers.update(shielded)
        return response

    def answer(name: str, answered: Answered) -> Prediction:
        probabilities = answered.probabilities
        best = int(probabilities.argmax())
        probability = float(probabilities[best])
        sure = min_confidence is None or probability >= min_confidence
        return Prediction(
            name=name,
            predicted=classifier.classes[best] if sure else "uncertain",
            probability=probability,
            probabilities=dict(zip(classifier.classes, map(float, probabilities), strict=True)),
            novelty=answered.novelty,
            unlike=answered.unlike,
        )

    def map_of(pixels: NDArray[Any], of_class: int) -> NDArray[np.float64]:
        with network:
            maps = maps_of(engine.network, classifier.preprocessing, pixels[None], classes=np.array([of_class]))
        values: NDArray[np.float64] = maps.values[0]
        return values

    async def predicted(upload: UploadFile) -> Prediction:
        name = upload.filename or "image"
        decoded = await decoders.decoded(await upload.read())
        if decoded.pixels is None:
            return Prediction(name=name, predicted=None, error=decoded.error)
        return answer(name, await batcher.answer(decoded.pixels))

    @app.exception_handler(Full)
    async def busy(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"detail": BUSY}, 429, LATER)

    @app.post("/predict", responses=REFUSALS)
    async def predict(
        files: Annotated[list[UploadFile], File(min_length=1, description="Images, in any format that predict reads")],
    ) -> Predictions:
        """The class of each image, in the order in which they were sent. Where some cannot be read these say why; where
        none can, the answer is 422."""
        if len(files) > MOST_FILES:
            raise HTTPException(413, f"at most {MOST_FILES} files in one request")
        with batcher.admitted(len(files)):
            found = await asyncio.gather(*(predicted(upload) for upload in files))
        if all(one.error for one in found):
            raise HTTPException(422, "; ".join(f"{one.name}: {one.error}" for one in found))
        return Predictions(predictions=found)

    @app.post("/explain", responses=REFUSALS)
    async def explain(
        file: Annotated[UploadFile, File(description="One image")],
        of_class: Annotated[str | None, Query(description="What the map is of; the predicted class by default")] = None,
    ) -> Map:
        """Where the network looked: a class activation map."""
        if of_class is not None and of_class not in classifier.classes:
            raise HTTPException(422, f"{of_class}: the classes are {', '.join(classifier.classes)}")
        name = file.filename or "image"
        with batcher.admitted(1):
            decoded = await decoders.decoded(await file.read(), preview=True)
            if decoded.pixels is None or decoded.preview is None:
                raise HTTPException(422, f"{name}: {decoded.error}")
            found = answer(name, await batcher.answer(decoded.pixels))
            shown = of_class or max(found.probabilities, key=found.probabilities.__getitem__)
            values = await asyncio.to_thread(map_of, decoded.pixels, classifier.classes.index(shown))
        image, small = decoded.preview, max(decoded.preview.shape[:2]) <= SMALL_SIDE
        over = overlaid(image, on_the_image(values, *image.shape[:2]), float(np.abs(values).max(initial=0.0)))
        return Map(
            **found.model_dump(),
            of_class=shown,
            method=method_of(engine.network),
            map=values.tolist(),
            overlay=data_uri(over, small=small, largest_side=PREVIEW_SIDE),
        )

    @app.get("/health")
    def health() -> Health:
        """Whether the server answers."""
        return Health()

    @app.get("/model")
    def model() -> Model:
        """The classifier: its classes, what is done to an image, its model card."""
        return Model(
            architecture=classifier.architecture,
            classes=list(classifier.classes),
            preprocessing=asdict(classifier.preprocessing),
            min_confidence=min_confidence,
            engine=said,
            card=card,
            version=__version__,
        )

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def home() -> str:
        return front_page

    return app


def _predicting(engine: Engine, network: threading.Lock) -> Callable[[NDArray[Any]], list[Answered]]:
    def predict(pixels: NDArray[Any]) -> list[Answered]:
        with network:
            found = engine.answers([Decoded(pixels, [""] * len(pixels))])
        novelty = [None if np.isnan(score) else float(score) for score in found.novelty]
        return [Answered(*each) for each in zip(found.probabilities, novelty, found.unlike, strict=True)]

    return predict
