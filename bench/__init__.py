"""The benchmark: the same film by the farm and by one hand-written ffmpeg, side by side. Run it with `make bench`."""
