"""A trained classifier for other programs: one file for its network, and one that says how to use it."""
