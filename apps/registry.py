"""The registry: every command of the farm by its name. REST, `kinofarm call`, OpenAPI and docs/commands.md follow from it.

A command is added in its module's `commands.py`; a module is added here.
"""

from __future__ import annotations

from collections.abc import Mapping

import flows.commands.advising
import flows.commands.analysing
import flows.commands.backups
import flows.commands.batches
import flows.commands.editing
import flows.commands.farm
import flows.commands.marking
import flows.commands.media
import flows.commands.models
import flows.commands.prerendering
import flows.commands.previews
import flows.commands.projects
import flows.commands.proxies
import flows.commands.reframing
import flows.commands.results
import flows.commands.scanning
import flows.commands.steering
import infra.access.commands
import infra.cache.commands
import infra.jobs.commands
import infra.uploads.commands
import tasks.compiler.commands
from infra.commands import Command
from infra.errors import KinofarmError

GROUPS: Mapping[str, str] = {
    "render": "Have films rendered",
    "job": "Watch and steer jobs",
    "project": "Look into a project before it is rendered, and make others of it",
    "media": "Look into media files",
    "scan": "Take folders of media into the library",
    "analysis": "Look media through, and ask what is seen and heard in them",
    "batch": "Look folders of media through",
    "model": "Models that recognise things in pictures",
    "preview": "See what an effect or a transition does",
    "upload": "Files that are sent to the farm",
    "schedule": "Render at set times",
    "watch": "Folders whose files become jobs",
    "webhook": "What other programs were told",
    "worker": "Machines that render",
    "cache": "The cache of finished chunks",
    "catalogue": "What a project may say",
    "farm": "The farm itself",
    "token": "Who may do what",
    "audit": "Who did what",
}
"""The groups of commands, by what they are for."""

_MODULES = (
    flows.commands.projects.COMMANDS,
    flows.commands.prerendering.COMMANDS,
    flows.commands.advising.COMMANDS,
    flows.commands.editing.COMMANDS,
    flows.commands.backups.COMMANDS,
    flows.commands.media.COMMANDS,
    flows.commands.proxies.COMMANDS,
    flows.commands.scanning.COMMANDS,
    flows.commands.analysing.COMMANDS,
    flows.commands.marking.COMMANDS,
    flows.commands.batches.COMMANDS,
    flows.commands.models.COMMANDS,
    flows.commands.reframing.COMMANDS,
    flows.commands.previews.COMMANDS,
    infra.uploads.commands.COMMANDS,
    infra.jobs.commands.COMMANDS,
    flows.commands.results.COMMANDS,
    flows.commands.steering.COMMANDS,
    flows.commands.farm.COMMANDS,
    infra.cache.commands.COMMANDS,
    tasks.compiler.commands.COMMANDS,
    infra.access.commands.COMMANDS,
)
_ORDER = list(GROUPS)
COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in sorted((one for commands in _MODULES for one in commands), key=lambda one: _ORDER.index(one.group))
}


def command(name: str) -> Command:
    """Return a command by its name.

    Raises:  KinofarmError API-008.
    """
    found = COMMANDS.get(name)
    if found is None:
        raise KinofarmError("API-008", name=name)
    return found
