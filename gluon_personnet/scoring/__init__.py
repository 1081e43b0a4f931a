"""A network and two sets of images -> the distance of every pair."""
