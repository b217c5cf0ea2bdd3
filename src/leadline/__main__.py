"""`python -m leadline`, which torchrun needs."""

from leadline.cli import main

main()
