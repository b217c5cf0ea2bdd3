"""The server: predictions and maps over HTTP, and a page. No upload is kept, none is written under its own name."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.resources import files as resources
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, File, HTTPException, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, Response
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from leadline import __version__
from leadline.classifier import Classifier
from leadline.data.loader import Decoded
from leadline.drawing.palette import COLOURS
from leadline.drawing.screen import data_uri, overlaid, visible
from leadline.explain.maps import maps_of, method_of, on_the_image
from leadline.inference.engine import Engine
from leadline.serve.batching import Batcher, Full
from leadline.serve.decoding import Decoders

MOST_BYTES = 64 * 2**20  # of a request
MOST_FILES = 100
SHOWN_SIDE = 512  # pixels of a map's longer side
# The page holds all that it needs, and asks this server alone.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'"
)


class Prediction(BaseModel):
    """The answer for one image."""

    name: str = Field(description="The name that the file was sent under")
    predicted: str | None = Field(description="A class, or uncertain; null where the image cannot be read")
    probability: float | None = None
    probabilities: dict[str, float] = Field(default_factory=dict, description="Of each class, calibrated")
    error: str = Field(default="", description="Why the image cannot be read; empty where it can")


class Predictions(BaseModel):
    predictions: list[Prediction]


class Map(Prediction):
    """The answer for one image, and where the network looked."""

    of_class: str = Field(description="The class that the map is of")
    method: str = Field(description="CAM or Grad-CAM")
    map: list[list[float]] = Field(description="A value for each place; positive speaks for the class")
    overlay: str = Field(description="The map over the image, as a data URI")


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


def create_app(
    classifier: Classifier, engine: Engine, *, said: str = "", card: str = "", min_confidence: float | None = None
) -> FastAPI:
    """The application for a classifier and the engine that predicts with it; `said` describes the engine."""
    decoders = Decoders(classifier.preprocessing)
    batcher = Batcher(_predicting(engine))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        batcher.start()
        yield
        await batcher.close()
        decoders.close()

    app = FastAPI(title="Leadline", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def limit_and_protect(request: Request, call_next: Callable[[Request], Any]) -> Response:
        size = request.headers.get("content-length", "")
        if request.method == "POST" and not size.isdigit():
            return JSONResponse({"detail": "say how long the request is (Content-Length)"}, 411)
        if request.method == "POST" and int(size) > MOST_BYTES:
            return JSONResponse({"detail": f"at most {MOST_BYTES // 2**20} MiB in one request"}, 413)
        response: Response = await call_next(request)
        response.headers["Content-Security-Policy"] = POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def answer(name: str, probabilities: NDArray[np.float64]) -> Prediction:
        best = int(probabilities.argmax())
        probability = float(probabilities[best])
        sure = min_confidence is None or probability >= min_confidence
        return Prediction(
            name=name,
            predicted=classifier.classes[best] if sure else "uncertain",
            probability=probability,
            probabilities=dict(zip(classifier.classes, map(float, probabilities), strict=True)),
        )

    async def predicted(upload: UploadFile) -> Prediction:
        name = upload.filename or "image"
        pixels, error = await decoders.decoded(await upload.read())
        if pixels is None:
            return Prediction(name=name, predicted=None, error=error)
        return answer(name, await batcher.probabilities(pixels))

    @app.post("/predict", responses={code: {"description": text} for code, text in REFUSALS.items()})
    async def predict(
        files: Annotated[list[UploadFile], File(description="Images, in any format that predict reads")],
    ) -> Predictions:
        """The class of each image, in the order in which they were sent. Where some cannot be read these say why; where
        none can, the answer is 422."""
        if len(files) > MOST_FILES:
            raise HTTPException(413, f"at most {MOST_FILES} files in one request")
        if not batcher.room(len(files)):
            raise HTTPException(429, "too many images are waiting; try again", headers={"Retry-After": "1"})
        try:
            found = [await predicted(upload) for upload in files]
        except Full:
            raise HTTPException(429, "too many images are waiting; try again", headers={"Retry-After": "1"}) from None
        if all(one.error for one in found):
            raise HTTPException(422, "; ".join(f"{one.name}: {one.error}" for one in found))
        return Predictions(predictions=found)

    @app.post("/explain", responses={code: {"description": text} for code, text in REFUSALS.items()})
    async def explain(
        file: Annotated[UploadFile, File(description="One image")],
        of_class: Annotated[str | None, Query(description="What the map is of; the predicted class by default")] = None,
    ) -> Map:
        """Where the network looked: a class activation map."""
        if of_class is not None and of_class not in classifier.classes:
            raise HTTPException(422, f"{of_class}: the classes are {', '.join(classifier.classes)}")
        name, content = file.filename or "image", await file.read()
        pixels, error = await decoders.decoded(content)
        whole, _ = await decoders.decoded(content, whole=True)
        if pixels is None or whole is None:
            raise HTTPException(422, f"{name}: {error}")
        try:
            found = answer(name, await batcher.probabilities(pixels))
        except Full:
            raise HTTPException(429, "too many images are waiting; try again", headers={"Retry-After": "1"}) from None
        shown = of_class or max(found.probabilities, key=found.probabilities.__getitem__)
        number = np.array([classifier.classes.index(shown)])
        maps = await run_in_thread(maps_of, engine.network, classifier.preprocessing, pixels[None], classes=number)
        values = maps.values[0]
        image, _ = visible(np.moveaxis(whole, -1, 0))
        over = overlaid(image, on_the_image(values, *image.shape[:2]), float(np.abs(values).max(initial=0.0)))
        small = max(image.shape[:2]) <= SHOWN_SIDE
        return Map(
            **found.model_dump(), of_class=shown, method=method_of(engine.network), map=values.tolist(),
            overlay=data_uri(over, small=small, largest_side=SHOWN_SIDE),
        )  # fmt: skip

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
    def page() -> str:
        return front_page()

    return app


REFUSALS = {
    411: "The request does not say how long it is",
    413: "The request is too large, or has too many files",
    422: "No image could be read; each is named with the reason",
    429: "Too many images are waiting",
}


def front_page() -> str:
    """The page, with the colours of the reports."""
    light, dark = (
        "".join(f"--{colour.name}:{getattr(colour, mode)};" for colour in COLOURS) for mode in ("light", "dark")
    )
    colours = f":root{{color-scheme:light dark;{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"
    page = resources("leadline.serve").joinpath("page", "index.html").read_text("utf-8")
    return page.replace("/* colours */", colours)


async def run_in_thread(work: Callable[..., Any], *given: Any, **named: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(work, *given, **named)


def _predicting(engine: Engine) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    def predict(pixels: NDArray[Any]) -> NDArray[np.float64]:
        return engine.predict([Decoded(pixels, [""] * len(pixels))])[0]

    return predict
