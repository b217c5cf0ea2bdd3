"""What a person may choose for augmentation and for classes of unequal size, by name."""

# Each policy does what the ones above it do, and more: moves it, mirrors it, turns it.
POLICIES = {
    "none": "the image as it is",
    "shift": "moved by up to an eighth of its size (safe for all images)",
    "flip": "shift, and mirrored left to right (photographs)",
    "dihedral": "shift, mirrored and turned by quarters (cells and tiles, which have no up)",
    "shift+strong": "shift, and turned, scaled, lit otherwise and covered in part: for few images",
    "flip+strong": "the same upon flip",
    "dihedral+strong": "the same upon dihedral",
    # Of the papers (data.augment.papers), each also mirrored left to right.
    "cifar": "moved by up to an eighth, what comes into view being the mean (ResNet, DenseNet and others on CIFAR)",
    "alexnet": "a crop of 224 from 256 pixels, in other colours",
    "vgg": "a crop of 224 from an image of 256 to 512 pixels, in other colours",
    "resnet": "a crop of 224 from an image of 256 to 480 pixels, in other colours",
    "googlenet": "a crop of 8 to 100 % of the area, its sides 3:4 to 4:3",
    "resnext": "the same, in other colours (also DenseNet)",
}

# For classes of unequal size (data.balance).
BALANCE = {
    "none": "every image counts once",
    "weights": "an image counts by the inverse of its class's frequency, once on average",
    "sampling": "an epoch draws each class equally often, and some images of rare classes several times",
}
