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
            options={"height_px": 160, "width_px": 60},
        )
    ]
