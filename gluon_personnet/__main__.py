"""``python -m gluon_personnet`` is ``gpnet``."""

from gluon_personnet.cli import main

if __name__ == "__main__":
    main()
