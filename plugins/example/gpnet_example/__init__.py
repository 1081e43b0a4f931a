"""What this plugin adds: entries only, so that listing them imports nothing else."""

from gluon_personnet import DatasetEntry, ProtocolEntry, hookimpl


@hookimpl
def gpnet_datasets():
    return [
        DatasetEntry(
            name="example",
            factory="gpnet_example.dataset:Example",
            summary="people drawn as two coloured squares, seen by two cameras",
            source="nobody yet",
            fidelity="reconstruction",
        )
    ]


@hookimpl
def gpnet_protocols():
    return [
        ProtocolEntry(
            name="example",
            factory="gpnet_example.protocol:Example",
            summary="mean rank of the first true match, and the CMC",
            source="nobody yet",
            fidelity="reconstruction",
        )
    ]
