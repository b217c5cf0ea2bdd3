"""The command line. Each verb is a small module of its own that is imported only when it is called."""

import os
import signal
import sys

from cyclopts import App, CycloptsError

from leadline import __version__
from leadline.cli import streams
from leadline.cli.allocator import keep_freed_memory
from leadline.cli.limits import refuse_little_memory
from leadline.cli.options import quoted
from leadline.cli.processes import SHARED, refuse_beside_torchrun
from leadline.cli.waiting import wait_politely
from leadline.errors import LeadlineError, UsageError
from leadline.ranks import ENDED, OtherProcessError, cut_off, first_process, joined, started_by_torchrun
from leadline.wording import visible

app = App(
    name="leadline",
    help="How deep a network do your images need? Train the classic lineage of convolutional networks on your own "
    "labelled images, compare them honestly, and keep the one that earns its depth.",
    version=__version__,
    result_action="return_value",
    suppress_keyboard_interrupt=False,  # `main` says how to go on
)
# Verb → what it answers, and an example.
VERBS = {
    "compare": ("Which network, and how deep, do my images need?", "leadline compare my_images/ --minutes 10"),
    "train": ("One network, one classifier.", "leadline train my_images/ --model resnet20_cifar --out runs/first"),
    "evaluate": ("How good is a trained classifier?", "leadline evaluate runs/first other_images/"),
    "predict": ("New images, a table of answers.", "leadline predict runs/first new_images/ --out predictions.csv"),
    "explain": ("Where did the network look?", "leadline explain runs/first new_images/ --out maps --check"),
    "export": ("For other programs, or as one page that runs by itself.", "leadline export runs/first --to html"),
    "serve": ("A classifier over HTTP, with a page to drop images on.", "leadline serve runs/first --port 8000"),
    "check": ("What is wrong with my images, before any training?", "leadline check my_images/ --batch folder:2"),
    "shard": ("Images as tar shards, to train on more of them than a disk holds.", "leadline shard my_images/ shards/"),
    "models": ("The catalogue of networks.", "leadline models --family ResNet"),
    "inspect": ("One network, layer by layer.", "leadline inspect resnet18"),
    "bench": ("How fast does a network predict and train here?", "leadline bench --model resnet18"),
    "doctor": ("What is installed here, and where is the cache?", "leadline doctor"),
    "lab": ("The textbook's claims, measured.", "leadline lab stacked-3x3 --figure stacked.svg"),
}
for order, (verb, (summary, example)) in enumerate(VERBS.items()):
    app.command(f"leadline.cli.{verb}:{verb}", name=verb, help=f"{summary}\n\nExample: {example}", sort_key=order)


@app.command(name="--install-completion", sort_key=len(VERBS), help="Let the shell complete verbs and options.")
def install_completion() -> int:
    from cyclopts.completion.detect import ShellDetectionError

    try:
        written = app.install_completion()
    except ShellDetectionError:
        raise LeadlineError("this shell is not known; completion is for bash, zsh, fish and PowerShell") from None
    print(f"completion is in {written}; open a new shell")
    return DONE


LONGEST_LINE = 1200  # characters, more than any of our own messages has

DONE, COULD_NOT, WRONG_USAGE, SOME_UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """Entry point of the console script: one line on stderr per failure, a traceback only under --debug."""
    streams.prepare()
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    keep_freed_memory()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends a command is told how to go on, too
    try:
        if arguments and arguments[0] in VERBS and "--help" not in arguments:
            if arguments[0] not in SHARED:
                refuse_beside_torchrun(arguments[0])
            refuse_little_memory(arguments[0])
            wait_politely(arguments[0])
        status = app(
            quoted([argument for argument in arguments if argument != "--debug"]),
            exit_on_error=False,
            print_error=False,
        )
    except CycloptsError as error:
        status = fail(" ".join(str(error).split()), WRONG_USAGE)
    except LeadlineError as error:
        if debug:
            raise
        elsewhere = isinstance(error, OtherProcessError)
        status = fail(
            str(error), WRONG_USAGE if isinstance(error, UsageError) else COULD_NOT, of_this_process=not elsewhere
        )
    except KeyboardInterrupt as interrupt:
        if debug:
            raise
        ended = "interrupted; torchrun ends all processes where one has ended, and says which" * started_by_torchrun()
        status = fail(str(interrupt) or ended or "interrupted", INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        if started_by_torchrun() and cut_off(error):
            status = fail(ENDED, COULD_NOT)
        else:
            defect = f"{type(error).__name__}: {error} (this is a defect; --debug shows where)"
            status = fail(defect, COULD_NOT, of_this_process=True)
    if (lost := streams.undelivered()) and status in (None, DONE, SOME_UNREADABLE):
        status = fail(lost, COULD_NOT)
    sys.exit(status or DONE)


def fail(message: str, status: int, *, of_this_process: bool = False) -> int:
    """Say it in one line that can be read, whatever a library put into it. Of several processes the first one speaks
    for all; another does where the failure is `of_this_process`, and it has come as far as working with the others."""
    if not first_process():
        if not (of_this_process and joined()):
            return status
        message = f"process {int(os.environ['RANK']) + 1} of {os.environ['WORLD_SIZE']}: {message}"
    line = visible(" ".join(message.splitlines()))
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE - 300]} … {line[-300:]}"
    print(f"leadline: {line}", file=sys.stderr)
    return status
