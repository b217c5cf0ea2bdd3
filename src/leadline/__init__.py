"""Leadline: how deep a network do your images need?"""

__version__ = "0.1.0"
