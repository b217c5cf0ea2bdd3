"""The one drawing layer: figures as SVG in the colours of the page, and the few kinds of them that all rooms share."""
