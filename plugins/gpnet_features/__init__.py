"""Image features."""

from gluon_personnet import FeatureEntry, hookimpl


@hookimpl
def gpnet_features():
    return [
        FeatureEntry(
            name="raw-pixels",
            factory="gpnet_features.raw_pixels:RawPixels",
            summary="the RGB values themselves, at one size",
            source="the input of the row Euclid in Tables II and III of Wu, Shen, van den Hengel 2016",
            fidelity="reconstruction",
        ),
        FeatureEntry(
            name="lomo",
            factory="gpnet_features.lomo:Lomo",
            summary="local maximal occurrence of colours and textures (LOMO)",
            source="Liao, Hu, Zhu, Li, CVPR 2015, section 3",
            fidelity="approximate",
            version=2,
        ),
        FeatureEntry(
            name="elf",
            factory="gpnet_features.elf:Elf",
            summary="histograms of colours and filter responses in stripes (ELF)",
            source="Gray, Tao, ECCV 2008; channels and filters as in the code of Gou et al., TPAMI 2019",
            fidelity="faithful",
            version=2,
        ),
        FeatureEntry(
            name="hist-lbp",
            factory="gpnet_features.hist_lbp:HistLbp",
            summary="histograms of colours and local binary patterns in regions",
            source="Xiong, Gou, Camps, Sznaier, ECCV 2014, section 4",
            fidelity="faithful",
            version=2,
        ),
        FeatureEntry(
            name="bicov",
            factory="gpnet_features.bicov:BiCov",
            summary="how covariances of Gabor maps change from band to band (BiCov)",
            source="Ma, Su, Jurie, BMVC 2012",
            fidelity="faithful",
        ),
        FeatureEntry(
            name="gbicov",
            factory="gpnet_features.bicov:GBiCov",
            summary="BiCov and the mean responses to the wavelets (gBiCov)",
            source="Ma, Su, Jurie, Image and Vision Computing 2014",
            fidelity="faithful",
        ),
        FeatureEntry(
            name="side-by-side",
            factory="gpnet_features.side_by_side:SideBySide",
            summary="several features in one vector",
        ),
    ]
