"""What a person hands over: folders, tables, ImageNet, built-in data sets → the entries of a manifest."""
