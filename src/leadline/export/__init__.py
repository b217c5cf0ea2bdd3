"""A classifier in other forms: for other runtimes, and as one page that runs by itself. Each is verified on real images."""
