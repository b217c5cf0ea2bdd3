"""The image formats, used through leadline.data.image: a file each.

In each, `header(content)` makes the Header of a file, and `image(content)` its Header and its pixels, an array
(channels, height, width).
"""
