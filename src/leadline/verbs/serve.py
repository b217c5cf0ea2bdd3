"""`leadline serve`: a classifier over HTTP, with a page."""

import socket
from pathlib import Path

from leadline.classifier import load
from leadline.errors import LeadlineError, UsageError
from leadline.evaluation.predictions import check_abstention
from leadline.inference.runtimes import AnyPrecision, EngineName
from leadline.progress import Progress
from leadline.training.run_folder import Run
from leadline.verbs.export import accuracy_of
from leadline.verbs.predict import choose_for

PORT = 8000
# A server predicts many images in its life, so that compiling pays.
EXPECTED_IMAGES = 10_000


def serve(
    run: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    min_confidence: float | None = None,
    engine: EngineName = "auto",
    precision: AnyPrecision = "auto",
    progress: Progress | None = None,
) -> None:
    """Answer requests with the classifier of `run` until interrupted: POST /predict and /explain, GET /health, /model
    and /openapi.json, and a page at /.

    Only this machine can reach it, unless `host` says otherwise. Raises LeadlineError where the port is taken, or the
    extra is not installed.
    """
    progress = progress or Progress()
    try:
        import uvicorn

        from leadline.server.app import create_app
    except ImportError as error:
        raise UsageError(f"serve: {error.name} is not installed; pip install 'leadline[serve]'") from error
    classifier = load(run)
    if classifier.preprocessing.names:
        raise LeadlineError(
            f"{run}: its images have a file for each channel, which one upload cannot "
            "hold; use leadline predict with a table"
        )
    if min_confidence is not None:
        check_abstention(classifier.classes, min_confidence)
    _refuse_taken(host, port)
    chosen = choose_for(run, classifier, engine=engine, precision=precision, images=EXPECTED_IMAGES)
    card = Path(run) / "MODEL_CARD.md"
    app = create_app(
        classifier,
        chosen.engine,
        name=Path(run).resolve().name,
        said=chosen.said,
        card=card.read_text("utf-8") if card.is_file() else "",
        accuracy=accuracy_of(Run(Path(run))),
        min_confidence=min_confidence,
    )
    progress.note(chosen.said)
    progress.note(f"serving {run} at http://{host}:{port}/ (Ctrl-C ends it)")
    uvicorn.run(app, host=host, port=port, log_level="warning", timeout_graceful_shutdown=10)


def _refuse_taken(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise LeadlineError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); choose another --port"
        ) from error
