"""The ledger of trained claims that Leadline brings along: claims/measured.json, and the page docs/lab.html.

    make lab      (or: python benchmarks/lab_ledger.py [FOLDER])

Trains what is not in FOLDER (runs/lab) yet: about 45 minutes on two cores. It needs Fashion-MNIST.
"""

import sys
from pathlib import Path

from leadline.claims.experiment import EXPERIMENTS
from leadline.claims.known import OUT, SHIPPED, shipped
from leadline.claims.trials import carry_out
from leadline.cli.display import display
from leadline.results import json_files
from leadline.results.lab_result import Ledger
from leadline.verbs.lab import lab

PAGE = Path(__file__).parents[1] / "docs" / "lab.html"

folder = Path(sys.argv[1]) if len(sys.argv) > 1 else OUT
with display() as progress:
    results = [carry_out(experiment, "small", folder, progress=progress) for experiment in EXPERIMENTS.values()]
json_files.write(SHIPPED, Ledger(results=tuple(results)))
shipped.cache_clear()
lab(report=PAGE, out=folder / "nothing")  # as a person sees it who has trained nothing
