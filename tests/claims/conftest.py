"""Every claim measured once for all tests of the lab, with made-up times instead of trainings of large networks."""

import pytest

from leadline.claims import googlenet, vgg
from leadline.claims.claim import Finding
from leadline.claims.ledger import CLAIMS


@pytest.fixture(scope="session")
def findings() -> dict[str, Finding]:
    with pytest.MonkeyPatch.context() as patch:
        for chapter in (vgg, googlenet):
            patch.setattr(chapter, "training_seconds", lambda name: 3.0 if name == "vgg_d" else 0.25)
        return {name: claim.run() for name, claim in CLAIMS.items()}
