"""Images: where they are found, how they are read, divided, checked and fed to a network."""
