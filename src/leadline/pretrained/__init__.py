"""Trained parameters for the networks: from torchvision, the Hugging Face hub, files and runs."""
