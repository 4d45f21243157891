"""The file that Timeline Studio's editor saves (`.tlsp`): read as the ProjectSchema that the editor would send of it.

`objects` are the file's own, `project` turns them into a ProjectSchema and adds what that has no words for,
`grading` turns the colour panel into effects.
"""

from tasks.compiler.imports.timeline_studio.saved.project import read as read
