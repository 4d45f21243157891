"""The demo: a film that needs no camera. ffmpeg draws its scenes and plays its music, the farm does the rest."""

from apps.demo.make import make_project

__all__ = ["make_project"]
