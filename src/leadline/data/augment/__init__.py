"""What may be done to an image without changing its class, keyed by (seed, epoch, image)."""
