"""The whole story: deeper and better, as published, and what depth buys in principle."""

from leadline.claims.claim import Chapter
from leadline.claims.entries import GOING_DEEPER
from leadline.claims.expressiveness import DEPTH_REGIONS

CHAPTER = Chapter(
    name="story",
    title="The whole story",
    introduction="Eight to 152 layers in four years: what the numbers were, and what depth is good for.",
    claims=(GOING_DEEPER, DEPTH_REGIONS),
)
