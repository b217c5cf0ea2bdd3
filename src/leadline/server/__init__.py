"""A trained classifier over HTTP, with a page to drop images on."""
