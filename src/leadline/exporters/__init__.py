"""A classifier for other runtimes, and as one page that runs by itself. Each export is verified on real images."""
