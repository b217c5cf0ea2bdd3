"""What each network of the catalogue costs, measured, and which weights torchvision has for it: zoo/costs.csv.

    make catalogue      (or: python benchmarks/catalogue_costs.py)

`leadline models` reads that file, because building and tracing all networks takes 20 seconds and more. A test holds it
against the networks; run this when a network, or torchvision's list of weights, has changed.
"""

import csv

from leadline.anatomy import measure
from leadline.pretrained.torchvision_files import tags
from leadline.zoo import list_models
from leadline.zoo.catalogue import COSTS

with COSTS.open("w", encoding="utf-8", newline="") as file:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["name", "parameters", "multiply_adds", "weights"])
    for name in list_models():
        anatomy = measure(name)
        table.writerow([name, anatomy.parameters, anatomy.multiply_adds, " ".join(tags(name))])
