"""One file of HTML from the page's template, its modules and what a classifier says of itself."""

import base64
import gzip
import hashlib
import re
from collections.abc import Mapping
from graphlib import TopologicalSorter
from importlib.resources import files
from typing import Literal

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from leadline import wording
from leadline.drawing.palette import COLOURS

IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(async )?(function|class|const))", re.MULTILINE)
# What a page may do: in a browser alone nothing but run what is inside it; from a server, ask that server.
POLICIES = {
    "browser": "default-src 'none'; script-src {script} blob: 'wasm-unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'",
    "server": "default-src 'none'; script-src {script}; style-src 'unsafe-inline'; img-src data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'",
}
Home = Literal["browser", "server"]


class Accuracy(msgspec.Struct, frozen=True):
    """How good the classifier is known to be."""

    value: float
    low: float | None
    high: float | None
    images: int
    split: str


class PageChecked(msgspec.Struct, frozen=True):
    """How the page's network was compared with the trained one."""

    images: int
    largest_difference: float


class PageNovelty(msgspec.Struct, frozen=True):
    """What the training images' light and contrast were like: evaluation.novelty, a value for each statistic."""

    limit: float
    centre: list[float]
    spread: list[float]
    low: list[float]
    high: list[float]
    tiny: float


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the page knows of its classifier."""

    name: str
    architecture: str
    classes: tuple[str, ...]
    preprocessing: dict[str, str | int | float | list[str] | list[int] | list[float]]
    min_confidence: float  # answers below it are uncertain
    map_method: str
    leadline: str
    accuracy: Accuracy | None = None
    verification: PageChecked | None = None
    novelty: PageNovelty | None = None


def policy(home: Home) -> str:
    """The page's Content-Security-Policy: it runs its own script and no other."""
    digest = base64.b64encode(hashlib.sha256(one_script(home).encode()).digest()).decode()
    return POLICIES[home].format(script=f"'sha256-{digest}'")


def page(about: About, home: Home, *, embedded: Mapping[str, bytes] = {}) -> str:
    """The whole page. `embedded`: element id → bytes that its script unpacks."""
    environment = Environment(
        loader=PackageLoader("leadline.page"),
        autoescape=select_autoescape(["html"]),
        finalize=lambda value: wording.visible(value, keep="\n\t") if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": wording.percent, "listed": wording.listed}
    accuracy = about.accuracy
    return environment.get_template("page.html").render(
        about=about,
        about_json=_in_script(msgspec.json.encode(about).decode()),
        accuracy=accuracy and accuracy.value,
        accuracy_interval=wording.percent_interval(accuracy),
        images=accuracy and wording.thousands(accuracy.images),
        judged_on=accuracy and accuracy.split,
        in_browser=home == "browser",
        colours=COLOURS,
        policy=policy(home),
        payloads=[
            (name, base64.b64encode(gzip.compress(content, mtime=0)).decode()) for name, content in embedded.items()
        ],
        script=_Safe(one_script(home)),
    )


class _Safe(str):
    """Text that a template takes as it is."""

    def __html__(self) -> str:
        return self


def _in_script(json: str) -> _Safe:
    """JSON as the content of a script element, which ends at the first "</script" and nowhere else."""
    return _Safe(json.replace("<", "\\u003c"))


def one_script(home: Home) -> str:
    """All modules as one, each after those that it imports from; `engine` is the one of this `home`."""
    sources: dict[str, str] = {}
    imports: dict[str, set[str]] = {}
    ahead = ["app"]
    while ahead:
        name = ahead.pop()
        if name in sources:
            continue
        sources[name] = _source(name, home)
        imports[name] = set(IMPORT.findall(sources[name]))
        ahead += imports[name]
    order = TopologicalSorter(imports).static_order()
    return "\n".join(_joined(sources[name]) for name in order)


def _source(name: str, home: Home) -> str:
    file = f"{home}_engine" if name == "engine" else name
    return files("leadline.page").joinpath("js", f"{file}.js").read_text("utf-8")


def _joined(source: str) -> str:
    return EXPORT.sub("", IMPORT.sub("", source))
