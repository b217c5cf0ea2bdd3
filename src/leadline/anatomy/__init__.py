"""A network measured without training it and without computing with it: every layer's shape, cost and field of view."""

from leadline.anatomy.trace import Anatomy, Layer, measure, trace

__all__ = ["Anatomy", "Layer", "measure", "trace"]
