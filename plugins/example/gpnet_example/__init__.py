"""What this plugin adds: entries only, so that listing them imports nothing else."""

from gluon_personnet import DatasetEntry, ProtocolEntry, hookimpl


@hookimpl
def gpnet_datasets():
    return [
        DatasetEntry(
            name="coloured-squares",
            factory="gpnet_example.coloured_squares:ColouredSquares",
            summary="people drawn as two coloured squares, seen by two cameras; needs no download",
        )
    ]


@hookimpl
def gpnet_protocols():
    return [
        ProtocolEntry(
            name="median-rank",
            factory="gpnet_example.median_rank:MedianRank",
            summary="median and mean rank of the first true match, and the CMC",
        )
    ]
