"""Runs a classifier over images, fast and in order. The only prediction path."""
