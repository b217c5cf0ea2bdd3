"""The verbs: each puts the rooms below together. This is the Python API."""
