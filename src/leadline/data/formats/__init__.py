"""The image formats: a file each, with `header(content)` and `image(content)`; used through leadline.data.image."""
