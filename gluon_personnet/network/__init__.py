"""The network of the paper as three blocks: trunk (one image), compare (one image), head (a pair)."""
