"""Which image is trained on and which is judged: splits, groups, folds, subsets."""
