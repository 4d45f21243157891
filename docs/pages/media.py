"""docs/media.md: the views of media files, scans, numbered pictures, analyses and recognition, with what can be asked of each."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel

from tasks.media.analysis.settings import AnalysisSettings
from tasks.media.analysis.table import ANALYSES
from tasks.media.numbered import STILLS, USUAL_RATE
from tasks.media.numbered_groups import LARGEST_GAP, LEAST
from tasks.media.scan import SUFFIXES
from tasks.media.views.table import VIEWS
from tasks.recognition.findings import FindingOptions
from tasks.recognition.frames import Pace
from tasks.recognition.pipeline import RecogniseOptions
from tasks.recognition.tracks import TrackOptions

_HEAD = """\
A view is a small file that shows a media file. It is made once for each content and each wish, in a process of its own with
a ceiling on time and memory, and kept in the farm's cache. `kinofarm call media.view path=FILE view=NAME` and `POST
/api/v1/media/view` answer with it; `GET /api/v1/media/NAME?path=FILE` is its file, with the options below as the query.
A storyboard's pictures are named by time in a WebVTT track: `GET /api/v1/media/storyboard/track?path=FILE`.

Over the network and on the status page, files and folders have to lie in the folders that the setting `media_roots` names. Who sits at the
farm's machine may name any by `kinofarm call`: it is looked into, looked through and rendered where it lies."""

_SCANS = """\
`scan.begin` (`POST /api/v1/scans`, the status page, or the flow `ingest` in Prefect) looks into every media file of a folder, as
many at once as the setting `media.readers` says, and makes the views that are wanted; with `proxies` it has a proxy of each film
rendered, too, a job each. A content has one proxy (`media.proxy`): wherever it lies and whoever asks, the answer is the one job, and only
where that failed, was cancelled or lost its film another. Where films are refused the scan is done, and its `error` (LIBRARY-004) says how many and why. Files that have not changed are not
read again until `media.remembered_days` are over. A file that gives an error is listed with it. Media files are those
whose names end in: """

_SEQUENCES = f"""\
Numbered pictures are one medium, wherever a media file can be named: `shot/frame_%04d.png` is all pictures there whose number is
filled up with zeros to four digits, `shot/frame_%d.png` those whose number is not; `%%` is a percent sign. The rate stands
behind an `@` (`shot/frame_%04d.png@23.976`, which is 24000/1001 like every rate that is n·1000/1001 to two decimals or more);
without one it is {USUAL_RATE} frames a second. A part is named by its numbers: `shot/frame_%04d.png:1001-1100@24`. There is one number, in the file's name
and not in a folder's; a file that is really called so is that file. Pictures are those that end in {" ".join(f"`{each}`" for each in STILLS)}.

A sequence has facts (`numbered` says which numbers it has and which are missing), views, analyses and recognition like a film. Where a picture
is missing or damaged, the one before is shown. All are of one kind and size; MEDIA-040 names the one that is not. Links are no
pictures of it. The same pictures are the same content wherever they lie and from whatever number on they count. A timeline can't hold a
sequence (MEDIA-042): make a film of it first.

`scan.begin` and `media.list` take pictures of a folder for one sequence whose names differ only in the number before the suffix, where there
are {LEAST} or more, and no more than half of their numbers are missing. Where more than {LARGEST_GAP} numbers are missing in a row, one sequence ends and
another begins. Cameras number their photos as well: with `sequences` false each picture is a medium by itself."""

_ANALYSES = """\
`analysis.begin` looks a file through for the kinds below, all of them unless `kinds` names some; the file is opened and decoded
once for all. `analysis.show` has the results, each of its own type, and scenes and black, frozen and silent ranges are
findings that `analysis.find` asks for. HEIC, AVIF and WebP that moves are looked through like other pictures, though a timeline can't
hold them (MEDIA-013); of a still all kinds but `black`, `quality` and `key_frames` are skipped, with the reason. Its `options` may give `settings`:"""

_RECOGNITION = """\
`kinofarm models add NAME FILE` adds a model (ONNX: the heads of YOLO v5, v8, v9, v10 and v11, with boxes, masks or key points;
names of classes from its own metadata or a file). `analysis.begin` with `model` looks a file through for what it knows;
`analysis.find name=dog over=2` asks for all that was seen for over two seconds, page by page (`following` goes on as `after`),
`analysis.summary` tells of each thing how often, how long and when it is seen, `analysis.export` gives JSON, CSV, WebVTT or
OpenTimelineIO markers, `analysis.sheet` a picture of each thing where it was surest (as files: on the page of a media file, `kinofarm call analysis.export analysis=ID form=csv
--output FILE`, `GET /api/v1/analyses/ID/export/FORM`, `GET /api/v1/analyses/ID/sheet`), and `analysis.mark` marks in a project what its clips show of it, or of the kinds above. The same content and
wish are looked through once; a photo (HEIC and AVIF, too) is a film of one frame. One that was interrupted goes on behind the last group of frames that was finished. Its `options` are `device` (auto, cpu, cuda), `batch`, and:"""

_BATCHES = """\
`batch.begin` (`POST /api/v1/batches`, the page of a folder, or the flow `analyse` in Prefect) looks all media of a folder through by one
wish, with a model or for the media's own analyses. Each file is an analysis of its own, and a task of its name in Prefect; what was looked
through before, wherever it lay and whoever asked, is known. `batch.show` says how far it is and which files have an error, the events
`kinofarm.batch.progress` and `kinofarm.analysis.progress` tell it while it goes on, and `batch.stop` stops what nobody else wants.

Analyses wait in the database until a looker takes them up: a run in the pool `cpu` or `gpu` of the machines, started when something waits. One
slot of the pool `cpu` is left to renders, where it has more than one; in the pool `gpu` each machine has one looker. Recognition whose `device` is `auto` goes to machines with CUDA while there are any (`kinofarm workers` says why it works on
a machine, or not), to processors else. Renders come first: while one waits for a slot no looker is started, and a recognition that is at
work hands back what it has. A machine that does not see the folder reads file and model from the farm's cache, where sources are
shared (`cache.share_sources`)."""

_GROUPS: Mapping[str, type[BaseModel]] = {"look": RecogniseOptions, "tracks": TrackOptions, "findings": FindingOptions}


def page() -> str:
    """Return the page, in Markdown."""
    parts = ["# Media", _HEAD]
    for view in VIEWS.values():
        parts += [
            f"## {view.name}",
            f"{view.summary[:1].upper()}{view.summary[1:]} (`{view.media_type}`).",
            _options(view.options),
        ]
    parts += ["## Scanning folders", _SCANS + " ".join(f"`{each}`" for each in SUFFIXES)]
    parts += ["## Numbered pictures", _SEQUENCES]
    kinds = "\n".join(f"* `{kind}`: {_first_line(row.result)}" for kind, row in ANALYSES.items())
    parts += ["## Analyses", _ANALYSES, _options(AnalysisSettings), kinds, "## Recognition", _RECOGNITION]
    for name, model in _GROUPS.items():
        parts += [f"`{name}`:", _options(model)]
    parts += ["## Many files", _BATCHES]
    return "\n\n".join(parts)


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]


def _options(model: type[BaseModel]) -> str:
    rows = ["| option | default | |", "| --- | --- | --- |"]
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "none" if default is None or default == () else "every frame" if default == Pace() else default
        rows.append(f"| `{name}` | {shown} | {field.description or ''} |")
    return "\n".join(rows)
