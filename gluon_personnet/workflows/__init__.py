"""One function a command: the public Python API."""
