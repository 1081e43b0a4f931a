"""Data sets: generated people, CUHK01 and any folder of images."""

from gluon_personnet import DatasetEntry, hookimpl


@hookimpl
def gpnet_datasets():
    return [
        DatasetEntry(
            name="toy",
            factory="gpnet_datasets.toy:Toy",
            summary="generated people in the size and layout of CUHK01; needs no download",
            options={"identities": 971, "test_identities": 100, "seed": 0},
        ),
        DatasetEntry(
            name="cuhk01",
            factory="gpnet_datasets.cuhk01:CUHK01",
            summary="CUHK01: 971 identities, 2 views, 2 images in each; 100 or 486 test identities",
            source="Li, Zhao and Wang: Human reidentification with transferred metric learning, ACCV 2012",
            fidelity="faithful",
            options={"test_identities": 100},
        ),
        DatasetEntry(
            name="folder",
            factory="gpnet_datasets.folder:Folder",
            summary="your images: manifest.csv (path, pid, camid) or <pid>/<camid>_*.jpg, as a folder or zip archive",
            options={"path": "", "test_identities": 0, "splits": 10},
        ),
    ]
