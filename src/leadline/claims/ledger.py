"""The ledger: every claim of the lecture, chapter by chapter in its order."""

import difflib

from leadline.claims import alexnet, arithmetic, densenet, googlenet, nin, resnet, resnext, story, vgg
from leadline.claims.claim import Chapter, Claim
from leadline.errors import UsageError

CHAPTERS: tuple[Chapter, ...] = (
    arithmetic.CHAPTER,
    alexnet.CHAPTER,
    vgg.CHAPTER,
    nin.CHAPTER,
    googlenet.CHAPTER,
    resnet.CHAPTER,
    resnext.CHAPTER,
    densenet.CHAPTER,
    story.CHAPTER,
)
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
