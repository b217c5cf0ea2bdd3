"""What a paper has to cite: the program, the network's paper, and the methods behind the figures that it quotes."""

from leadline.zoo.catalogue import Architecture

LITERATURE = {
    "LeNet": "LeCun Y, Bottou L, Bengio Y, Haffner P. Gradient-based learning applied to document recognition. "
    "Proceedings of the IEEE 86, 2278–2324, 1998.",
    "AlexNet": "Krizhevsky A, Sutskever I, Hinton GE. ImageNet classification with deep convolutional neural networks. "
    "Advances in Neural Information Processing Systems 25, 2012.",
    "VGG": "Simonyan K, Zisserman A. Very deep convolutional networks for large-scale image recognition. International "
    "Conference on Learning Representations, 2015. arXiv 1409.1556.",
    "Network in Network": "Lin M, Chen Q, Yan S. Network in network. International Conference on Learning "
    "Representations, 2014. arXiv 1312.4400.",
    "GoogLeNet": "Szegedy C, Liu W, Jia Y, Sermanet P, Reed S, Anguelov D, Erhan D, Vanhoucke V, Rabinovich A. Going "
    "deeper with convolutions. IEEE Conference on Computer Vision and Pattern Recognition, 2015. arXiv 1409.4842.",
    "ResNet": "He K, Zhang X, Ren S, Sun J. Deep residual learning for image recognition. IEEE Conference on Computer "
    "Vision and Pattern Recognition, 2016. arXiv 1512.03385.",
    "ResNeXt": "Xie S, Girshick R, Dollár P, Tu Z, He K. Aggregated residual transformations for deep neural networks. "
    "IEEE Conference on Computer Vision and Pattern Recognition, 2017. arXiv 1611.05431.",
    "DenseNet": "Huang G, Liu Z, van der Maaten L, Weinberger KQ. Densely connected convolutional networks. IEEE "
    "Conference on Computer Vision and Pattern Recognition, 2017. arXiv 1608.06993.",
    "one weird trick": "Krizhevsky A. One weird trick for parallelizing convolutional neural networks. 2014. arXiv "
    "1404.5997.",
    "batch normalisation": "Ioffe S, Szegedy C. Batch normalization: accelerating deep network training by reducing "
    "internal covariate shift. International Conference on Machine Learning, 2015. arXiv 1502.03167.",
    "temperature": "Guo C, Pleiss G, Sun Y, Weinberger KQ. On calibration of modern neural networks. International "
    "Conference on Machine Learning, 2017. arXiv 1706.04599.",
    "Wilson": "Wilson EB. Probable inference, the law of succession, and statistical inference. Journal of the "
    "American Statistical Association 22, 209–212, 1927.",
    "clustered": "Franco C, Little RJA, Louis TA, Slud EV. Comparative study of confidence intervals for proportions "
    "in complex sample surveys. Journal of Survey Statistics and Methodology 7, 334–364, 2019.",
    "bootstrap": "Hesterberg TC. What teachers should know about the bootstrap. The American Statistician 69, "
    "371–386, 2015.",
    "DeLong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver "
    "operating characteristic curves. Biometrics 44, 837–845, 1988.",
    "Tango": "Tango T. Equivalence test and confidence interval for the difference in proportions for the "
    "paired-sample design. Statistics in Medicine 17, 891–908, 1998.",
    "Hsu": "Hsu JC. Simultaneous confidence intervals for all distances from the “best”. Annals of Statistics 9, "
    "1026–1034, 1981.",
    "confidence set": "Hansen PR, Lunde A, Nason JM. The model confidence set. Econometrica 79, 453–497, 2011.",
    "Bayesian bootstrap": "Rubin DB. The Bayesian bootstrap. Annals of Statistics 9, 130–134, 1981.",
    "McNemar": "McNemar Q. Note on the sampling error of the difference between correlated proportions or percentages. "
    "Psychometrika 12, 153–157, 1947.",
    "Holm": "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, "
    "65–70, 1979.",
    "DOME": "Walsh I, Fishman D, Garcia-Gasulla D, Titma T, Pollastri G, Harrow J, Psomopoulos FE, Tosatto SCE. DOME: "
    "recommendations for supervised machine learning validation in biology. Nature Methods 18, 1122–1127, 2021.",
}


class References:
    """A numbered list that grows as a text cites: `cite` gives the marks, `lines` the list below the text."""

    def __init__(self, version: str) -> None:
        self._program = (
            f"The Leadline developers. Leadline {version}: how deep a network do your images need? Software."
        )
        self._cited: list[str] = []

    def cite(self, *keys: str) -> str:
        """The marks of these entries of LITERATURE, or of "Leadline": "[1]" or "[1,2]"."""
        self._cited += [key for key in dict.fromkeys(keys) if key not in self._cited]
        return f"[{','.join(str(1 + self._cited.index(key)) for key in dict.fromkeys(keys))}]"

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self._program if key == "Leadline" else LITERATURE[key] for key in self._cited)


def papers_of(about: Architecture) -> tuple[str, ...]:
    """The papers that a network owes what it is: its family's, and of a deviation the one that brought it."""
    found = [about.family]
    if about.name == "alexnet_owt":
        found.append("one weird trick")
    if "batch norm" in about.deviates.casefold():
        found.append("batch normalisation")
    return tuple(found)
