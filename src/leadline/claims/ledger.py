"""The ledger: every claim of the lecture, chapter by chapter in its order (claims.toml)."""

import difflib
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec.structs import replace

from leadline.claims import (
    alexnet,
    arithmetic,
    densenet,
    entries,
    expressiveness,
    googlenet,
    inception,
    nested,
    nin,
    resnet,
    resnext,
    shared_storage,
    stacks,
    vgg,
)
from leadline.claims.claim import Chapter, Claim, as_computed
from leadline.errors import UsageError

MODULES: tuple[ModuleType, ...] = (
    alexnet, arithmetic, densenet, entries, expressiveness, googlenet, inception, nested, nin, resnet, resnext,
    shared_storage, stacks, vgg,
)  # fmt: skip


def _function(prefix: str, id: str) -> Any:
    """`prefix`_id in one of the modules; None where there is none."""
    name = f"{prefix}_{id.replace('-', '_')}"
    return next((getattr(module, name) for module in MODULES if hasattr(module, name)), None)


def _with_functions(claim: Claim) -> Claim:
    measure = _function("measure", claim.id)
    rule = _function("judge", claim.id) or (as_computed if measure else None)
    return replace(claim, measure=measure, rule=rule)


def _chapters() -> tuple[Chapter, ...]:
    document = tomllib.loads(Path(__file__).with_name("claims.toml").read_text("utf-8"))
    chapters = msgspec.convert(document["chapter"], list[Chapter])
    return tuple(replace(chapter, claims=tuple(map(_with_functions, chapter.claims))) for chapter in chapters)


CHAPTERS = _chapters()
CLAIMS: dict[str, Claim] = {claim.id: claim for chapter in CHAPTERS for claim in chapter.claims}


def chapter_of(claim: Claim) -> Chapter:
    return next(chapter for chapter in CHAPTERS if claim in chapter.claims)


def claim_named(name: str) -> Claim:
    """UsageError names the nearest, or the chapter where it is one."""
    if name in CLAIMS:
        return CLAIMS[name]
    if any(name.casefold() == chapter.name for chapter in CHAPTERS):
        raise UsageError(f"{name}: is a chapter, not a claim; ask for it with --chapter {name.casefold()}")
    raise UsageError(f"{name}: no claim of this name; {_near(name, list(CLAIMS)) or '`leadline lab` lists them all'}")


def chapter_named(name: str) -> Chapter:
    """By its short name or its title, without regard to case; UsageError names the nearest."""
    chapters = {key.casefold(): chapter for chapter in CHAPTERS for key in (chapter.title, chapter.name)}
    if name.casefold() in chapters:
        return chapters[name.casefold()]
    names = [chapter.name for chapter in CHAPTERS]
    raise UsageError(
        f"{name}: no chapter of this name; {_near(name.casefold(), names) or 'there are ' + ', '.join(names)}"
    )


def _near(name: str, names: list[str]) -> str:
    close = [other for other in names if name and other.startswith(name)][:3]
    close = close or difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {', '.join(close)}?" if close else ""
