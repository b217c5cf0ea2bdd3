"""map_check.json, typed: whether the maps of a classifier mean anything."""

import msgspec

from leadline.evaluation.records import Estimate

MAP_CHECK_SCHEMA = 1
MAP_CHECK = "map_check.json"
# Maps of a network whose weights were all shuffled must be less like the real ones than this (rank correlation).
UNLIKE = 0.5


class Shuffled(msgspec.Struct, frozen=True):
    """The network with its weights shuffled from the last layer down to one."""

    down_to: str
    similarity: Estimate  # mean rank correlation with the real maps, over images


class MapCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What `leadline explain --check` found."""

    schema: int = MAP_CHECK_SCHEMA
    method: str  # "CAM" or "Grad-CAM"
    images: int
    rows: int  # places of a map
    columns: int
    shuffled: tuple[Shuffled, ...] = ()  # from the last layer alone to all of them
    deletion: Estimate | None = (
        None  # how much faster the class's probability falls than in random order; 0: not at all
    )
    insertion: Estimate | None = None  # how much faster it rises

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the maps cannot be believed; empty where nothing was found against them."""
        if self.deletion is None or self.insertion is None:
            return (f"the last feature maps have {self.rows}×{self.columns} places, too few to say where",)
        found = []
        if (self.shuffled[-1].similarity.high or 0.0) >= UNLIKE:
            found.append(
                "with shuffled weights the network has similar maps, so they show the image and not what was learned"
            )
        for estimate, what in ((self.deletion, "covering"), (self.insertion, "showing")):
            if (estimate.low or 0.0) <= 0:
                found.append(f"{what} the places of a map first is not shown to matter more than places at random")
        return tuple(found)
