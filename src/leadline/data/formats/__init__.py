"""The image formats: a file each, with `header(content)` and `pixels(content)`; used through leadline.data.image."""
