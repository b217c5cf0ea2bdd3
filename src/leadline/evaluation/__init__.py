"""Predictions to numbers: every metric, interval and verdict comes from the table of predictions and nothing else."""
