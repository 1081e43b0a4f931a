"""Data sets: generated people, CUHK01, CUHK03, Market-1501, VIPeR and any folder of images."""

from gluon_personnet import DatasetEntry, hookimpl


@hookimpl
def gpnet_datasets():
    return [
        DatasetEntry(
            name="toy",
            factory="gpnet_datasets.toy:Toy",
            summary="generated people in the size and layout of CUHK01; needs no download",
        ),
        DatasetEntry(
            name="cuhk01",
            factory="gpnet_datasets.cuhk01:CUHK01",
            summary="CUHK01: 971 identities, 2 views, 2 images in each; 100 or 486 test identities",
            source="Li, Zhao and Wang: Human reidentification with transferred metric learning, ACCV 2012",
            fidelity="faithful",
        ),
        DatasetEntry(
            name="cuhk03",
            factory="gpnet_datasets.cuhk03:CUHK03",
            summary="CUHK03: 1360 or 1467 identities, 5 pairs of cameras; 20 classic splits or 767/700",
            source="Li, Zhao, Xiao and Wang: DeepReID, CVPR 2014; 767/700: Zhong, Zheng, Cao and Li, CVPR 2017",
            fidelity="faithful",
        ),
        DatasetEntry(
            name="market1501",
            factory="gpnet_datasets.market1501:Market1501",
            summary="Market-1501: 751 identities to train and 750 to test, 6 cameras, with junk and distractors",
            source="Zheng et al.: Scalable person re-identification: a benchmark, ICCV 2015",
            fidelity="faithful",
        ),
        DatasetEntry(
            name="viper",
            factory="gpnet_datasets.viper:VIPeR",
            summary="VIPeR: 632 identities, 2 cameras, 1 image from each; 316 test identities",
            source="Gray, Brennan and Tao: Evaluating appearance models for recognition, PETS 2007",
            fidelity="faithful",
        ),
        DatasetEntry(
            name="folder",
            factory="gpnet_datasets.folder:Folder",
            summary="your images: manifest.csv (path, pid, camid) or <pid>/<camid>_*.jpg, as a folder or zip archive",
        ),
    ]
