"""What the command line refuses before torch is imported, which takes seconds: names and folders that are not there."""

from collections.abc import Iterable
from pathlib import Path


def refuse_early(*, models: Iterable[str] = (), data: str | None = None, run: Path | None = None) -> None:
    """UsageError for a network that there is not, LeadlineError for data or a run folder, in the verbs' own words."""
    from leadline.errors import LeadlineError
    from leadline.zoo.catalogue import architecture

    for name in models:
        architecture(name)
    if run is not None and not run.is_dir():
        raise LeadlineError(f"{run}: no such folder")
    if data is not None and not Path(data).exists():
        from leadline.data.shards.finding import is_shards
        from leadline.data.sources import builtin
        from leadline.data.sources.scan import scan

        if data not in builtin.NAMES and not is_shards(data):
            scan(data)
