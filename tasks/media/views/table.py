"""Every view of media by its name. One is added as a file with a `View`, and a row here."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.media.views.animation import ANIMATION
from tasks.media.views.storyboard import STORYBOARD
from tasks.media.views.thumbnail import THUMBNAIL
from tasks.media.views.view import View
from tasks.media.views.waveform import PEAKS, WAVEFORM

VIEWS: Mapping[str, View] = {view.name: view for view in (THUMBNAIL, STORYBOARD, ANIMATION, WAVEFORM, PEAKS)}
