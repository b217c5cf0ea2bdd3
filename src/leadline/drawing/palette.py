"""The colours of all figures, light and dark. Figures and page name the same ones, as custom properties of CSS."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """`--name` in the style sheet; figures are drawn in `light`, which is then replaced by the property."""

    name: str
    light: str
    dark: str

    @property
    def css(self) -> str:
        return f"var(--{self.name})"


PAPER = Colour("paper", "#fefefc", "#14181b")
INK = Colour("ink", "#1c2226", "#e7eaec")
MUTED = Colour("muted", "#5d676e", "#9ba6ad")
RULE = Colour("rule", "#d8dcdf", "#353d43")
BAND = Colour("band", "#e3efe9", "#1d3530")  # what lies within the margin
WITHIN = Colour("within", "#12735f", "#4cc3a5")  # shown to lie within the margin; right answers
BEYOND = Colour("beyond", "#b4501c", "#ef965c")  # not shown to; wrong answers

# Two families can be told apart with any of the common colour-vision deficiencies (a test simulates them), and by
# their markers without any colour.
FAMILIES = {
    "LeNet": (Colour("lenet", "#6f6467", "#b1bab5"), "o"),
    "AlexNet": (Colour("alexnet", "#af900b", "#eebb49"), "s"),
    "VGG": (Colour("vgg", "#0b7a41", "#147f52"), "^"),
    "Network in Network": (Colour("nin", "#2b4564", "#a9d2f4"), "D"),
    "GoogLeNet": (Colour("googlenet", "#c663a4", "#bc769f"), "v"),
    "ResNet": (Colour("resnet", "#0e65c4", "#718dcd"), "P"),
    "ResNeXt": (Colour("resnext", "#bf2b0a", "#de713b"), "X"),
    "DenseNet": (Colour("densenet", "#542e8b", "#875dde"), "h"),
}
UNKNOWN_FAMILY = (INK, "o")
COLOURS = (PAPER, INK, MUTED, RULE, BAND, WITHIN, BEYOND, *(colour for colour, _ in FAMILIES.values()))


def of_family(family: str | None) -> tuple[Colour, str]:
    """The family's colour and its marker."""
    return FAMILIES.get(family or "", UNKNOWN_FAMILY)


# What a tone of a figure may be, besides a family's name.
TONES = {
    "paper": PAPER, "ink": INK, "muted": MUTED, "rule": RULE, "band": BAND, "right": WITHIN, "wrong": BEYOND,
} | {family: colour for family, (colour, _) in FAMILIES.items()}  # fmt: skip
PALE = 0.35


def tone_colour(tone: str) -> str:
    """The colour, as it is drawn, of a tone such as "ink", "right" or "ResNet"; that of ink for an unknown family."""
    return TONES.get(tone, INK).light


def face(tone: str) -> tuple[str, float]:
    """A tone's colour and its strength; any tone may be asked for as "pale"."""
    return tone_colour(tone.removeprefix("pale ")), PALE if tone.startswith("pale ") else 1.0
