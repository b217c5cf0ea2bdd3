"""The claims of a lecture on deep convolutional networks, measured on the networks themselves: one file per chapter."""
