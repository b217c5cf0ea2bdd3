"""Where a network is not what its paper says (`…_DEVIATES`), and how papers were read that leave a thing open.

A reading is what neither the paper nor its authors' code settles, or where the two disagree: the paper comes first, the
authors' code where it is silent.
"""

_BY_FAN_OUT = "He initialisation counts fan-out, as the authors' code does"

LENET_DEVIATES = (
    "C3 sees all six maps of S2 (1998: ten of its sixteen see a part); S2 and S4 are plain averages (1998: a trained "
    "coefficient and bias, then squashed); the output is linear (1998: distances to fixed RBF codes)"
)

ALEXNET = (
    "224 pixels give 55×55 maps as in cuda-convnet: the last windows of conv1 hang over the right and lower edge",
    "ReLU, then LRN over all maps, then pooling: the text's order (the authors' code pools before the ReLU and "
    "normalises each GPU's maps alone)",
    "alpha is not divided by n, as in the paper's formula (the authors' code divides)",
    "the second, within-map normalisation that the authors' code has after conv2 is not in the paper and left out",
)
ALEXNET_OWT_DEVIATES = (
    "torchvision's: the widths of 'One weird trick' (arXiv 1404.5997), one group, no LRN, dropout before fc6 and fc7"
)
ALEXNET_SMALL_DEVIATES = (
    "ours, for images up to 64 pixels: a 5×5 first layer of stride 1, half the maps, 512 units in fc6 and fc7, "
    "He initialisation"
)

VGG = (
    "Glorot initialisation, which the paper recommends in place of its N(0, 10⁻²) weights with layers taken from a "
    "trained A",
    "Glorot's variance 2 / (fan-in + fan-out) from a normal distribution, where Glorot and Bengio draw from a uniform "
    "one; the paper does not say which",
)
VGG_LRN = (
    *VGG,
    "LRN with AlexNet's constants, to which the paper refers; alpha is not divided by n, as there",
)
VGG_BN_DEVIATES = "batch normalisation after every convolution and He initialisation, as torchvision's"
VGG_SMALL_DEVIATES = (
    "ours, for images up to 64 pixels: four stacks of at most 256 maps, the last not pooled, batch normalisation, "
    "He initialisation, 256 units in the hidden fully connected layers"
)

_NIN_CLASS_MAPS = "the class maps go through a ReLU before the global average, as in the authors' files"
NIN = (
    "pooling rounds up (32 → 16 → 8) and pool2 takes the maximum, as in the authors' files; the Caffe copy averages",
    _NIN_CLASS_MAPS,
)
NIN_IMAGENET = (
    _NIN_CLASS_MAPS,
    "the paper has no ImageNet network; this is the one its first author released in 2014",
)
NIN_SMALL_DEVIATES = (
    "ours, for images up to 64 pixels: half the maps, batch normalisation, He initialisation, and class maps without a "
    "ReLU, which leaves the published network stuck for its first epochs"
)

GOOGLENET = (
    "pooling rounds up (112 → 56 → 28 → 14 → 7), which the table's sizes ask for",
    "LRN with n = 5, α = 10⁻⁴ / 5, β = 0.75, k = 1, and uniform weights of variance 1 / fan-in with biases of 0.2: "
    "as BVLC's file; the paper is silent and its code was not released",
    "Table 1's own parameter counts do not agree with its filters in places; the filters are followed",
)
GOOGLENET_NAIVE_DEVIATES = "modules without 1×1 reductions (figure 2a); the pooling branch passes on every map"
GOOGLENET_BN_DEVIATES = (
    "torchvision's: 3×3 in place of 5×5, batch normalisation in place of LRN and biases, pool4 of 2×2, dropout 0.2, "
    "the heads' pooling adaptive"
)
GOOGLENET_SMALL_DEVIATES = (
    "ours, for images up to 64 pixels: a stem of stride 2, six modules of fewer maps, batch normalisation, "
    "He initialisation, heads of 256 units"
)

RESNET_CIFAR = (
    "He initialisation counts fan-out, as fb.resnet.torch does; the paper cites arXiv 1502.01852, which allows either",
    "option A appends the zero channels after the others, as fb.resnet.torch does",
)
RESNET = (
    *RESNET_CIFAR,
    "the text does not pad the first max-pooling: 50, 101 and 152 layers round up from pixel 0, as the authors' "
    "released files do; for 18 and 34, which they did not release, one pixel is padded as in fb.resnet.torch",
)
RESNET_V1_5_DEVIATES = (
    "torchvision's: halves the map in the 3×3 of a bottleneck, where the authors' files do so in the first 1×1"
)

RESNEXT = ("a map is halved in the 3×3 of the bottleneck, as the authors' code does", _BY_FAN_OUT)
RESNEXT_32X8D_DEVIATES = "torchvision's; the paper has no 101 layers of 32×8d"
RESNEXT_SMALL_DEVIATES = (
    "ours, for images up to 64 pixels: 20 layers in the CIFAR networks' shape, 8×4d and a quarter of the channels"
)

DENSENET = (
    f"{_BY_FAN_OUT} (in Lua)",
    "the first max-pooling pads one pixel, as the authors' Lua code does",
)
DENSENET_264 = (*DENSENET, "Table 1's blocks of 6, 12, 64 and 48 layers make 265 layers of weights, not 264")
DENSENET_CIFAR = (
    f"{_BY_FAN_OUT} (in Lua)",
    "the first convolution has 16 channels, or 2k in BC, as the text says (the authors' code has 2k in both)",
)
DENSENET_161_DEVIATES = "from the authors' code and README; not in the final Table 1"
DENSENET_SMALL_DEVIATES = "ours, for images up to 64 pixels: a DenseNet-BC of blocks of 3, 6 and 9 layers with k = 16"

SQUEEZENET = (
    "224 pixels give 109×109 maps, as torchvision's; the table's 111×111 are those of 227 pixels, the crop of the "
    "authors' files",
    "the class maps go through a ReLU before the global average, as in the authors' files",
    "He initialisation, and N(0, 0.01) weights in the last layer, as torchvision's; the paper does not say",
)
SQUEEZENET_1_1_DEVIATES = (
    "the authors' later version, from their repository: 64 filters of 3×3 in the first layer, and earlier pooling"
)
