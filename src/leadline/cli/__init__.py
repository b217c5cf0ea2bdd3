"""The command line. Each verb is a small module of its own that is imported only when it is called."""

import sys

from cyclopts import App

from leadline import __version__
from leadline.errors import LeadlineError, UsageError

app = App(
    name="leadline",
    help="How deep a network do your images need? Train the classic lineage of convolutional networks on your own "
    "labelled images, compare them honestly, and keep the one that earns its depth.",
    version=__version__,
    result_action="return_value",
)
VERBS = {
    "models": "The catalogue of networks.",
    "inspect": "One network, layer by layer.",
}
for verb, summary in VERBS.items():
    app.command(f"leadline.cli.{verb}:{verb}", name=verb, help=summary)

DONE, COULD_NOT, WRONG_USAGE, SOME_UNREADABLE = 0, 1, 2, 3


def main() -> None:
    """Entry point of the console script: one line on stderr per failure, a traceback only under --debug."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        status = app([argument for argument in arguments if argument != "--debug"])
    except LeadlineError as error:
        if debug:
            raise
        print(f"leadline: {error}", file=sys.stderr)
        status = WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT
    sys.exit(status or DONE)
