"""What a set of shards holds: classes and counts, and per shard its file, bytes and images. It is small, however many
images there are."""

import hashlib

import msgspec

from leadline.errors import LeadlineError

INDEX = "index.json"
FORMAT = 1


class Shard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of images."""

    file: str  # beside the index; or a path or URL of its own
    bytes: int
    images: dict[str, int]  # split → images
    sha256: str  # of the file; where it was only read, of its images and their labels
    split: str = "train"  # of its images, where they say none and `images` names several


class ShardIndex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a set of shards before any of them is read."""

    classes: tuple[str, ...]
    labels: dict[str, dict[str, int]]  # split → class → images
    shards: tuple[Shard, ...]
    source: str = ""  # what the person named
    root: str = ""  # the folder or URL that `file` is relative to
    format: int = FORMAT

    def images(self, split: str) -> int:
        """How many images the split has."""
        return sum(shard.images.get(split, 0) for shard in self.shards)

    def url(self, shard: Shard) -> str:
        """The path or URL of a shard."""
        own = "://" in shard.file or not self.root
        return shard.file if own else f"{self.root.rstrip('/')}/{shard.file}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all but where it lies: equal sets have equal fingerprints."""
        return hashlib.sha256(self.to_json(msgspec.structs.replace(self, source="", root=""))).hexdigest()

    @staticmethod
    def to_json(index: "ShardIndex") -> bytes:
        return msgspec.json.format(msgspec.json.encode(index), indent=1)

    @staticmethod
    def from_json(text: bytes | str, *, file: str, **place: str) -> "ShardIndex":
        """What `to_json` wrote, with another `source` and `root` where these are given, checked; LeadlineError that
        names `file` where it makes no sense."""
        try:
            index = msgspec.structs.replace(msgspec.json.decode(text, type=ShardIndex), **place)
            index._check()
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            raise LeadlineError(f"{file}: is no index of shards ({error}); write the shards again") from error
        return index

    def _check(self) -> None:
        if self.format != FORMAT:
            raise ValueError(f"format {self.format}, this Leadline reads {FORMAT}")
        if len(set(self.classes)) < len(self.classes) or not self.classes:
            raise ValueError("its classes must be several, and differ")
        for shard in self.shards:
            if climbs(shard.file) and "://" not in shard.file and self.root:
                raise ValueError(f"the shard {shard.file!r} would lie outside the folder of the index")
            if shard.bytes < 0 or any(count < 0 for count in shard.images.values()):
                raise ValueError(f"the shard {shard.file!r} has less than no images")
        for split, counts in self.labels.items():
            if sum(counts.values()) != self.images(split) or not set(counts) <= set(self.classes):
                raise ValueError(f"its {split} images per class and per shard do not agree")


def climbs(name: str) -> bool:
    """Whether a name leads out of its folder, on any system, or is none."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or parts[0][1:2] == ":" or "\0" in name
