"""The farm's commands as methods. Made from the registry by `make docs`: change the commands, not this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, TypedDict
from urllib.parse import quote


class Send(Protocol):
    """Sends a request and returns what was answered."""

    def __call__(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None, /) -> Any: ...


class Accepted(TypedDict):
    """A render that was taken on."""

    job: Job
    warnings: list[Warned]


class Advised(TypedDict):
    """Suggestions; none: nothing is to be gained that the compiler knows of."""

    suggestions: list[Suggestion]


class AlsoWanted(TypedDict, total=False):
    """A further film of the same timeline."""

    name: str
    output: str | None


class Analyses(TypedDict):
    """Analyses, the newest first."""

    analyses: list[AnalysisEntry]


class Analysis(TypedDict):
    """What a project is made of."""

    figures: Figures
    render: Share


class AnalysisEntry(TypedDict, total=False):
    """An analysis of a content. progress: 0 to 1. result: what was found as a whole, once it is done."""

    id: str
    content: str
    wish: str
    path: str
    model: str | None
    options: dict[str, Any]
    submitted_by: str
    state: Literal["waiting", "running", "done", "failed", "stopped"]
    stop_requested: bool
    starts: int
    progress: float
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    begun_at: str
    ended_at: str | None
    pool: str | None
    machine: str | None


class Arrival(TypedDict):
    """A file that became, or is to become, a job. job, job_state: None while there is none."""

    id: str
    folder: str
    name: str
    size: int
    modified_ns: int
    generation: int
    state: Literal["arrived", "submitted", "done", "failed", "replaced"]
    output: str | None
    error: dict[str, Any] | None
    tries: int
    moved: bool
    arrived_at: str
    updated_at: str
    job: str | None
    job_state: Literal["accepted", "planned", "rendering", "assembling", "verifying", "publishing", "done", "failed", "cancelled"] | None


class Arrivals(TypedDict):
    """The watched folders, and the files that arrived in them."""

    folders: list[FolderWatched]
    arrivals: list[Arrival]


class Asked(TypedDict):
    """How many were asked."""

    asked: int


class Attempt(TypedDict):
    """One try at a chunk."""

    key: str
    token: int
    job: str
    owner: str
    worker: str
    outcome: Literal["running", "done", "failed", "lost", "released"]
    error: dict[str, Any] | None
    started_at: str
    ended_at: str | None


class Attempts(TypedDict):
    """Every try at a job's chunks, the oldest first."""

    attempts: list[Attempt]


class Backup(TypedDict):
    """A backup."""

    name: str
    file: str
    size: int
    media: int


class Batch(TypedDict):
    """A batch. found: files. entered: of them. known: looked through before. done, failed, stopped: of those entered."""

    id: str
    path: str
    model: str | None
    options: dict[str, Any]
    recursive: bool
    sequences: bool
    submitted_by: str
    state: Literal["waiting", "running", "done", "failed", "stopped"]
    stop_requested: bool
    starts: int
    run_id: str | None
    found: int
    entered: int
    known: int
    skipped: int
    done: int
    failed: int
    stopped: int
    share: float
    error: dict[str, Any] | None
    begun_at: str
    ended_at: str | None


class BatchDone(TypedDict):
    """What became of each, in their order."""

    results: list[Done]


class BatchFailure(TypedDict):
    """A file of a batch that was not looked through, and why."""

    path: str
    error: dict[str, Any]


class BatchShown(TypedDict):
    """A batch, and the files that could not be looked through."""

    batch: Batch
    progress: float
    failures: list[BatchFailure]


class Batches(TypedDict):
    """Batches, the newest first."""

    batches: list[Batch]


class CacheStats(TypedDict):
    """What the farm's cache holds, and what it may hold."""

    usage: Usage
    limits: CacheIndexLimits
    free: int | None


class ChunkShown(TypedDict):
    """A chunk of a job."""

    key: str
    kind: Literal["picture", "sound"]
    index: int
    first_frame: int
    frames: int
    pool: str
    needs: str | None
    state: Literal["ready", "leased", "done", "failed", "cancelled"]
    reused: bool
    frames_done: int
    attempts: int
    owner: str | None
    error: dict[str, Any] | None
    started_at: str | None
    ended_at: str | None


class Chunks(TypedDict):
    """The chunks of a job: pictures by their place, then sound."""

    chunks: list[ChunkShown]


class ContainerShown(TypedDict):
    """A container that films come in. suffixes: of file names; none: a folder of pictures."""

    name: str
    summary: str
    suffixes: list[str]
    pictures: list[str]
    sounds: list[str]
    chapters: bool
    tags: bool


class Deed(TypedDict):
    """What somebody did, or was not allowed to do."""

    id: int
    at: str
    who: str
    door: Literal["api", "page", "cli"]
    address: str
    command: str
    subject: str
    outcome: str


class Deeds(TypedDict):
    """A page of the audit log, the newest first."""

    deeds: list[Deed]


class Deliveries(TypedDict):
    """What webhooks were told, and what is still to be told."""

    deliveries: list[Delivery]


class Delivery(TypedDict):
    """One piece of news for one webhook. status: of the last answer. due_at: when it is tried next."""

    id: str
    webhook: str
    event: str
    job_id: str
    payload: dict[str, Any]
    state: Literal["waiting", "delivered", "given up"]
    attempts: int
    due_at: str
    status: int | None
    error: str | None
    created_at: str
    ended_at: str | None


class Done(TypedDict):
    """What became of one of them: the job as it is now, or why it could not be done."""

    job: str
    now: Job | None
    error: Reason | None


class EffectShown(TypedDict):
    """An effect. parameters: their JSON Schema, with defaults, bounds and meanings."""

    name: str
    summary: str
    on: Literal["picture", "sound"]
    category: str | None
    parameters: dict[str, Any]


class Effects(TypedDict):
    """Every effect, by name."""

    effects: list[EffectShown]


class EncoderShown(TypedDict):
    """An encoder of pictures. hardware: the family of devices that it needs; empty: none."""

    name: str
    codec: str
    hardware: str
    modes: list[str]
    two_passes: bool
    bits: list[int]
    alpha: bool
    hdr: bool
    profiles: list[str]


class Evicted(TypedDict):
    """What went."""

    entries: int


class Export(TypedDict, total=False):
    """What comes out of the timeline. Codecs that it does not name are the container's usual ones."""

    container: Literal["mp4", "mov", "mkv", "webm", "avi", "gif", "png", "jpg", "wav", "flac", "mp3", "m4a", "ogg"]
    size: Size | None
    reframe: Literal["fit", "fill", "blur"]
    video: VideoExport
    sound: SoundExport
    tags: Tags
    chapters: bool
    poster: Poster | None
    subtitles: Literal["burn", "soft", "both"]
    subtitle_form: Literal["mov_text", "srt", "ass"] | None
    subtitle_files: list[Literal["srt", "vtt", "ass"]]
    ffmpeg_args: list[str]


class Exported(TypedDict):
    """Findings as a file."""

    name: str
    content: str


class FarmInfo(TypedDict):
    """What this farm is made of."""

    version: str
    versions: dict[str, str]
    python: str
    ffmpeg: str
    ffmpeg_path: str
    system: str
    cores: int
    memory: int
    home: str
    disk_free: int
    time: str


class FarmStatus(TypedDict):
    """How the farm is, and what it does."""

    ok: bool
    services: list[ServiceHealth]
    jobs: JobCounts | None
    pools: dict[str, PoolLoad]
    machines: int
    prefect: str
    since: str | None


class Figures(TypedDict):
    """What stands in a timeline."""

    frames: int
    seconds: float | str
    rate: float | str
    tracks: list[TrackFigures]
    media: list[MediaFigures]
    effects: dict[str, int]
    transitions: dict[str, int]
    keyframes: dict[str, int]
    titles: int
    subtitles: int
    languages: dict[str, int]
    markers: dict[str, int]
    shortest: LongClip | None
    longest: LongClip | None
    busiest: Layers


class Findings(TypedDict):
    """What was found, by file and time."""

    findings: list[LibraryFindingsFound]
    following: str | None


class FolderShown(TypedDict):
    """A folder."""

    name: str
    path: str


class FolderWatched(TypedDict):
    """A folder whose files become jobs."""

    folder: str
    output: str
    there: bool


class FormatShown(TypedDict):
    """A format of projects."""

    name: str
    suffixes: list[str]
    comes_from: str
    written: bool


class Formats(TypedDict):
    """What goes in, and what films may come out as."""

    projects: list[FormatShown]
    containers: list[ContainerShown]
    encoders: list[EncoderShown]
    sounds: list[str]


class Gap(TypedDict):
    """Frames [start, end) of a track without a clip, before its last one."""

    start: int
    end: int


class Head(TypedDict, total=False):
    """The head of one model."""

    layout: str
    output: int
    classes: int
    masks: int | None
    coefficients: int
    points: int
    point_size: int


class Job(TypedDict, total=False):
    """One render, as the store knows it."""

    id: str
    run_id: str | None
    state: Literal["accepted", "planned", "rendering", "assembling", "verifying", "publishing", "done", "failed", "cancelled"]
    project: str
    output: str
    options: dict[str, Any]
    submitted_by: str
    priority: int
    idempotency_key: str | None
    traceparent: str | None
    warnings: list[Any]
    error: dict[str, Any] | None
    cancel_requested: bool
    paused: bool
    frames_done: int
    frames_total: int
    progress: float
    film_key: str | None
    restarts: int
    accepted_at: str
    updated_at: str
    ended_at: str | None


class JobCounts(TypedDict):
    """How many jobs there are."""

    live: dict[str, int]
    last_day: dict[str, int]
    frames_last_day: int


class JobDetails(TypedDict):
    """A job, why it waits, and what it published."""

    job: Job
    waits: list[Reason]
    outputs: list[Output]


class JobPage(TypedDict):
    """A page of jobs, the newest first."""

    jobs: list[Job]
    following: str | None


class Layers(TypedDict):
    """Where the most clips lie over each other."""

    frame: int
    clips: int


class LongClip(TypedDict):
    """A clip and its length."""

    clip: str
    track: str
    frames: int


class Loudness(TypedDict, total=False):
    """How loud a sound is to be: its integrated loudness, and the limit of its true peak."""

    target: float
    peak: float


class MachineShown(TypedDict):
    """A machine that renders."""

    name: str
    state: Literal["online", "draining", "broken", "offline"]
    reason: str
    alive: bool
    slots: dict[str, int]
    encoders: list[str]
    probe: dict[str, Any]
    failures: int
    started_at: str
    heartbeat_at: str
    probed_at: str | None


class Machines(TypedDict):
    """The machines of the farm."""

    workers: list[MachineShown]


class Manifest(TypedDict, total=False):
    """What a published film is."""

    format: Literal["kinofarm-manifest/1"]
    job: str
    film: str
    key: str
    container: str
    frames: int
    rate: float | str | None
    width: int | None
    height: int | None
    size: int
    sha256: str
    chunks: list[ManifestChunk]
    sound: ManifestSound | None
    measurements: Measurements
    tools: dict[str, str]
    warnings: list[ManifestWarning]
    published_at: str


class ManifestChunk(TypedDict):
    """A chunk of the picture."""

    index: int
    start: int
    frames: int
    key: str
    sha256: str
    reused: bool


class ManifestSound(TypedDict):
    """The film's sound."""

    samples: int
    sample_rate: int
    channels: int
    key: str
    sha256: str
    reused: bool


class ManifestWarning(TypedDict, total=False):
    """Something that the project's author should know."""

    code: str
    message: str
    where: str
    hint: str


class Marked(TypedDict):
    """A project with markers."""

    document: dict[str, Any]
    markers: int
    warnings: list[Warned]


class Measurements(TypedDict, total=False):
    """What was measured on the finished film; times in seconds."""

    frames: int
    rate: float | str | None
    duration: float | str
    shape: PictureShape | None
    sound_samples: int | None
    sound_duration: float | str | None
    sample_rate: int | None
    channels: int | None
    peak: float | None
    loudness_wanted: Loudness | None
    loudness: float | None
    true_peak: float | None
    offset_start: float | str | None
    offset_end: float | str | None
    subtitles: list[str]
    joins: int
    joins_decoded: int


class MediaFacts(TypedDict, total=False):
    """One file, or numbered pictures as one medium."""

    sha256: str
    size: int
    demuxer: str
    numbered: NumberedFacts | None
    start: float | str
    duration: float | str
    timecode: float | str | None
    pictures: list[PictureFacts]
    sounds: list[SoundFacts]


class MediaFigures(TypedDict):
    """A file, and how much of it is used."""

    path: str
    clips: int
    seconds: float | str


class MediaItem(TypedDict):
    """A media file or numbered pictures, and what is known of it."""

    name: str
    path: str
    size: int
    modified: str
    pictures: int
    kind: Literal["film", "sound", "picture", "unknown"]
    facts: MediaFacts | None
    error: Reason | None


class MediaNamed(TypedDict, total=False):
    """A media file."""

    path: str | None
    upload: str | None


class MediaPage(TypedDict):
    """Folders and media files of a folder, by name."""

    folder: str | None
    above: str | None
    folders: list[FolderShown]
    items: list[MediaItem]
    following: str | None


class MediaUsed(TypedDict):
    """A file that a project reads."""

    path: str
    file: str
    clips: int
    facts: MediaFacts


class ModelFacts(TypedDict, total=False):
    """One model."""

    name: str
    sha256: str
    size: int
    opset: int
    producer: str
    task: Literal["detect", "segment", "pose", "face"]
    classes: list[str]
    head: Head
    input: str
    element: Literal["float32", "float16"]
    batch: int | None
    width: int
    height: int
    fixed: bool
    outputs: list[str]


class ModelRemoved(TypedDict):
    """What is there no more."""

    removed: str


class Models(TypedDict):
    """The models of the farm, by name."""

    models: list[VisionModel]


class NumberRange(TypedDict):
    """Numbers that follow each other, both ends among them."""

    first: int
    last: int


class NumberedFacts(TypedDict, total=False):
    """Of numbered pictures that are one medium: which numbers they have."""

    first: int
    last: int
    digits: int
    missing: int
    gaps: list[NumberRange]


class Output(TypedDict, total=False):
    """A file that a job published."""

    kind: str
    location: str
    size: int
    sha256: str
    created_at: str | None


class Picture(TypedDict):
    """A frame as a picture."""

    frame: int
    png: str


class PictureFacts(TypedDict, total=False):
    """One picture stream."""

    index: int
    codec: str
    width: int
    height: int
    rotation: Literal[0, 90, 180, 270]
    flipped: bool
    pixel_aspect: float | str
    pixel_format: str
    bit_depth: int
    alpha: bool
    matrix: str | None
    primaries: str | None
    transfer: str | None
    range: Literal["tv", "pc"] | None
    time_base: float | str
    rate: float | str | None
    constant_rate: bool
    on_grid: bool
    start: float | str
    end: float | str
    frames: int
    max_gap: float | str
    keyframe_gap: float | str
    still: bool
    default: bool


class PictureShape(TypedDict, total=False):
    """A picture stream's parameters; colours by ffmpeg's names, None where untagged."""

    codec: str
    width: int
    height: int
    pixel_format: str
    matrix: str | None
    primaries: str | None
    transfer: str | None
    range: Literal["tv", "pc"] | None


class Planned(TypedDict):
    """How a project is cut into work."""

    film: str
    cached: bool
    frames: int
    rate: float | str
    chunks: list[PlannedChunk]
    sound: PlannedSound | None


class PlannedChunk(TypedDict):
    """A chunk as it would be rendered: frames [start, end) of the timeline."""

    index: int
    start: int
    end: int
    key: str
    cached: bool


class PlannedSound(TypedDict):
    """The sound of the whole film."""

    samples: int
    key: str
    cached: bool


class PoolLoad(TypedDict):
    """What a pool does."""

    slots: int
    rendering: int
    waiting: int


class Poster(TypedDict, total=False):
    """A picture of one frame, beside the film: FILM.poster.png or .jpg."""

    frame: int
    format: Literal["png", "jpg"]


class Preset(TypedDict, total=False):
    """A named way to export."""

    summary: str
    export: Export
    limits: CompilerLimitsLimits | None


class Presets(TypedDict):
    """Every export preset, by name."""

    presets: dict[str, Preset]


class PreviewSize(TypedDict, total=False):
    """Of a preview, in pixels."""

    width: int
    height: int


class PreviewSource(TypedDict, total=False):
    """The picture that a preview is made of."""

    media: MediaNamed | None
    at: float


class ProjectFacts(TypedDict):
    """A project that is fine."""

    frames: int
    rate: float | str
    width: int
    height: int
    tracks: int
    clips: int
    media: int
    warnings: list[Warned]


class ProjectMade(TypedDict, total=False):
    """A project, as JSON."""

    format: Literal["kinofarm", "otio"]
    document: dict[str, Any]
    warnings: list[Warned]


class ProjectMedia(TypedDict):
    """What a project reads."""

    media: list[MediaUsed]


class ProjectNamed(TypedDict, total=False):
    """A project, and how it is to be read."""

    project: str | None
    timeline: dict[str, Any] | None
    timeline_name: str | None
    upload: str | None
    preset: str | None


class ProjectParts(TypedDict):
    """A project in parts, in our own format."""

    parts: list[dict[str, Any]]
    frames: list[int]
    warnings: list[Warned]


class Reason(TypedDict):
    """Why a job does not go on, or an error: what `KinofarmError.as_dict` gives."""

    code: str
    message: str
    hint: str
    where: str
    detail: str
    retry: bool


class Reasons(TypedDict):
    """Why a job does not go on."""

    reasons: list[Reason]


class Reframed(TypedDict):
    """A project that shows a film through a window that follows its subject."""

    timeline: dict[str, Any]
    width: int
    height: int
    followed: int


class Relinked(TypedDict):
    """A project whose files were looked for."""

    document: dict[str, Any]
    clips: list[CompilerRelinkingRelinkFound]
    warnings: list[Warned]


class Removed(TypedDict):
    """What is there no more."""

    removed: str


class Scan(TypedDict):
    """A scan. found: files. done: of them. known: of those, files that had not changed. broken: that gave an error."""

    id: str
    folder: str
    options: dict[str, Any]
    submitted_by: str
    state: Literal["waiting", "scanning", "done", "failed", "stopped"]
    stop_requested: bool
    found: int
    done: int
    known: int
    broken: int
    error: dict[str, Any] | None
    begun_at: str
    ended_at: str | None


class Scans(TypedDict):
    """Scans, the newest first."""

    scans: list[Scan]


class Schedule(TypedDict):
    """A render at set times. paused: in Prefect. next: of the runs that Prefect has planned."""

    name: str
    cron: str
    timezone: str
    project: str
    output: str
    preset: str | None
    paused: bool
    next: str | None


class Schedules(TypedDict):
    """Renders at set times."""

    schedules: list[Schedule]


class Schema(TypedDict):
    """A JSON Schema."""

    json_schema: dict[str, Any]


class SeenName(TypedDict):
    """How often and how long something is seen or heard in a content."""

    name: str
    times: int
    seconds: float
    first: float
    last: float
    best: float
    spans: list[SeenSpan]


class SeenSpan(TypedDict):
    """A time in which something is seen, or several of the same name after each other."""

    begin: float
    end: float
    best: float


class ServiceHealth(TypedDict):
    """How a service is. error: empty when it is well."""

    service: str
    ok: bool
    seconds: float
    error: str
    hint: str


class SettingsShown(TypedDict):
    """The settings in force; secrets are hidden."""

    settings: dict[str, Any]


class Share(TypedDict):
    """What of a film would be rendered."""

    chunks: int
    cached: int
    frames: int
    cached_frames: int
    share: float


class SheetOptions(TypedDict, total=False):
    """How a sheet looks."""

    most: int
    columns: int
    width: int
    whole: bool
    around: float


class SheetShown(TypedDict):
    """A sheet of findings."""

    findings: int
    width: int
    height: int
    jpeg: str


class Size(TypedDict):
    """Width and height in pixels; even, as 4:2:0 needs."""

    width: int
    height: int


class SoundExport(TypedDict, total=False):
    """How the sound is encoded."""

    codec: Literal["aac", "pcm", "flac", "mp3", "opus", "vorbis", "ac3"]
    bitrate: int
    bits: Literal[16, 24] | None
    loudness: Loudness | None


class SoundFacts(TypedDict, total=False):
    """One sound stream."""

    index: int
    codec: str
    sample_rate: int
    channels: int
    layout: str
    time_base: float | str
    start: float | str
    end: float | str
    default: bool


class SubtitleFile(TypedDict):
    """The lines of one language as a file."""

    language: str
    form: Literal["srt", "vtt", "ass"]
    lines: int
    text: str


class SubtitleFiles(TypedDict):
    """Subtitles as files."""

    files: list[SubtitleFile]


class Subtitled(TypedDict):
    """A project with more subtitles."""

    document: dict[str, Any]
    lines: int
    warnings: list[Warned]


class Suggestion(TypedDict):
    """What could be done better."""

    code: str
    gain: Literal["judder", "rendering", "order", "platform"]
    message: str
    hint: str
    where: str


class Summary(TypedDict):
    """What an analysis found in short."""

    names: list[SeenName]


class Tags(TypedDict, total=False):
    """What the film's file says of itself. language: of its sound, ISO 639-2 ("eng")."""

    title: str
    author: str
    comment: str
    language: str | None


class Token(TypedDict):
    """What is known of a token, beside itself."""

    id: str
    name: str
    scope: Literal["read", "submit", "operate", "admin"]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class TokenMade(TypedDict):
    """A new token, shown this once."""

    token: Token
    secret: str


class Tokens(TypedDict):
    """Every token that there was, the newest first."""

    tokens: list[Token]


class TrackFigures(TypedDict):
    """A track."""

    track: str
    kind: str
    enabled: bool
    clips: int
    frames: int
    gaps: list[Gap]


class TransitionShown(TypedDict):
    """A transition. parameters: their JSON Schema."""

    name: str
    summary: str
    parameters: dict[str, Any]


class Transitions(TypedDict):
    """Every transition, by name."""

    transitions: list[TransitionShown]


class Upload(TypedDict):
    """A file that is being uploaded, or that was."""

    id: str
    name: str
    size: int
    received: int
    whole: bool
    sha256: str | None
    submitted_by: str
    created_at: str
    updated_at: str


class UploadList(TypedDict):
    """Uploads, the newest first."""

    uploads: list[Upload]


class Usage(TypedDict):
    """Usage"""

    entries: int
    bytes: int


class VideoExport(TypedDict, total=False):
    """How the picture is encoded. Exactly one rate control holds: mode crf, or vbr/cbr with a bitrate (kbit/s)."""

    codec: Literal["h264", "hevc", "av1", "vp9", "prores", "dnxhr", "png", "jpeg", "gif"]
    encoder: str
    mode: Literal["crf", "vbr", "cbr"]
    quality: float
    crf: float | None
    bitrate: int | None
    max_bitrate: int | None
    min_bitrate: int | None
    passes: Literal[1, 2]
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
    gop: int | None
    b_frames: int | None
    profile: Literal["baseline", "main", "high", "proxy", "lt", "standard", "hq", "4444", "4444xq", "lb", "sq", "hqx", "444"] | None
    bits: Literal[8, 10] | None
    hdr: Literal["hdr10", "hlg"] | None
    alpha: bool


class ViewShown(TypedDict):
    """A view of a media file."""

    view: str
    media_type: str
    size: int
    sha256: str
    facts: dict[str, Any]
    content: str


class VisionModel(TypedDict):
    """A model of the farm's. facts: what was found in it, see `tasks.recognition.model`."""

    name: str
    sha256: str
    size: int
    facts: dict[str, Any]
    added_by: str
    added_at: str


class Warned(TypedDict, total=False):
    """Something that the project's author should know."""

    code: str
    message: str
    hint: str
    where: str
    detail: str
    retry: bool


class CacheIndexLimits(TypedDict, total=False):
    """What a cache may hold; what is not set has no limit."""

    bytes: int | None
    entries: int | None
    idle: float | None
    free: int
    policy: Literal["lru", "lfu", "fifo"]


class LibraryFindingsFound(TypedDict, total=False):
    """Something found, and where."""

    name: str
    seen_from: float
    seen_to: float
    best: float
    finding: dict[str, Any]
    analysis: str
    content: str
    path: str
    model: str | None


class CompilerLimitsLimits(TypedDict, total=False):
    """What a platform takes; None, or an empty list: it says nothing about that."""

    source: str
    as_of: str
    containers: list[str]
    video: list[str]
    sound: list[str]
    largest_file: int | None
    shortest: float | str | None
    longest: float | str | None
    slowest: float | str | None
    fastest: float | str | None
    smallest_side: int | None
    widest: int | None
    highest: int | None
    narrowest: float | str | None
    broadest: float | str | None
    most_video: int | None
    most_sound: int | None
    most_sample_rate: int | None


class CompilerRelinkingRelinkFound(TypedDict, total=False):
    """What became of one clip. file: "" where nothing was found; how: by which way."""

    clip: str
    track: str
    missing: str
    file: str
    how: Literal["name", "length", "stand-in", "not found"]


class RenderCommands:
    """Have films rendered."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def submit(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        range: str | None = None,
        output: str | None = None,
        also: Sequence[AlsoWanted] | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Have a project rendered. The job is taken on at once, and rendered when its turn comes."""
        answer: Accepted = self._send("POST", "/jobs", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, range=range, output=output, also=also, priority=priority, idempotency_key=idempotency_key))
        return answer

    def prerender(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        range: str | None = None,
        priority: int | None = None,
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Have the chunks of a film that touch a range rendered into the cache, without a film: who renders it later waits less."""
        answer: Accepted = self._send("POST", "/prerenders", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, range=range, priority=priority, idempotency_key=idempotency_key))
        return answer

    def reframe(self, *, analysis: str, aspect: str | None = None, name: Sequence[str] | None = None) -> Accepted:
        """Have a film rendered in other proportions, following what a model found; see analysis.reframe."""
        answer: Accepted = self._send("POST", f"/analyses/{_path(analysis)}/reframe", {}, _given(aspect=aspect, name=name))
        return answer

    def boxes(self, *, analysis: str) -> Accepted:
        """Have a preview of a film rendered with what a model found drawn into it: boxes, classes and scores."""
        answer: Accepted = self._send("POST", f"/analyses/{_path(analysis)}/boxes", {}, _given())
        return answer


class JobCommands:
    """Watch and steer jobs."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self,
        *,
        limit: int | None = None,
        state: Sequence[Literal["accepted", "planned", "rendering", "assembling", "verifying", "publishing", "done", "failed", "cancelled"]] | None = None,
        submitted_by: str | None = None,
        q: str | None = None,
        since: str | None = None,
        until: str | None = None,
        after: str | None = None,
    ) -> JobPage:
        """List jobs, the newest first, page by page."""
        answer: JobPage = self._send("GET", "/jobs", _given(limit=limit, state=state, submitted_by=submitted_by, q=q, since=since, until=until, after=after), None)
        return answer

    def count(self) -> JobCounts:
        """Count the jobs at hand, and those that ended in the last 24 hours."""
        answer: JobCounts = self._send("GET", "/job-counts", _given(), None)
        return answer

    def show(self, *, job: str) -> JobDetails:
        """Show a job: its state, why it waits, what it published, what went wrong."""
        answer: JobDetails = self._send("GET", f"/jobs/{_path(job)}", _given(), None)
        return answer

    def explain(self, *, job: str) -> Reasons:
        """Say why a job does not go on as fast as it might."""
        answer: Reasons = self._send("GET", f"/jobs/{_path(job)}/waits", _given(), None)
        return answer

    def chunks(self, *, job: str) -> Chunks:
        """List a job's chunks with their state, what was reused, and who renders them."""
        answer: Chunks = self._send("GET", f"/jobs/{_path(job)}/chunks", _given(), None)
        return answer

    def attempts(self, *, job: str) -> Attempts:
        """List every try at a job's chunks: where, how it ended, with what error."""
        answer: Attempts = self._send("GET", f"/jobs/{_path(job)}/attempts", _given(), None)
        return answer

    def manifest(self, *, job: str, film: str | None = None) -> Manifest:
        """Show the manifest of a film: what it is made of, what was reused, how it was checked, with which tools."""
        answer: Manifest = self._send("GET", f"/jobs/{_path(job)}/manifest", _given(film=film), None)
        return answer

    def cancel(self, *, job: str) -> Job:
        """Cancel a job. What it had finished stays in the cache."""
        answer: Job = self._send("POST", f"/jobs/{_path(job)}/cancel", {}, _given())
        return answer

    def pause(self, *, job: str) -> Job:
        """Pause a job: what is in work is finished, and nothing new is begun."""
        answer: Job = self._send("POST", f"/jobs/{_path(job)}/pause", {}, _given())
        return answer

    def resume(self, *, job: str) -> Job:
        """Let a paused job go on."""
        answer: Job = self._send("POST", f"/jobs/{_path(job)}/resume", {}, _given())
        return answer

    def retry(self, *, job: str) -> Job:
        """Run a failed job again; only what is missing is made."""
        answer: Job = self._send("POST", f"/jobs/{_path(job)}/retry", {}, _given())
        return answer

    def reprioritise(self, *, job: str, priority: int) -> Job:
        """Give a job another priority, from its next chunk on."""
        answer: Job = self._send("POST", f"/jobs/{_path(job)}/reprioritise", {}, _given(priority=priority))
        return answer

    def batch(self, *, jobs: Sequence[str], deed: Literal["cancel", "pause", "resume", "retry"]) -> BatchDone:
        """Do the same with many jobs; one that can't be is told, and keeps no other from it."""
        answer: BatchDone = self._send("POST", "/job-batches", {}, _given(jobs=jobs, deed=deed))
        return answer


class ProjectCommands:
    """Look into a project before it is rendered, and make others of it."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def check(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
    ) -> ProjectFacts:
        """Check a project: its model, its paths and its media."""
        answer: ProjectFacts = self._send("POST", "/projects/check", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset))
        return answer

    def plan(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        range: str | None = None,
    ) -> Planned:
        """Show how a project is cut into chunks, and which of them are in the cache. Media are hashed; nothing is rendered."""
        answer: Planned = self._send("POST", "/projects/plan", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, range=range))
        return answer

    def media(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
    ) -> ProjectMedia:
        """List the files that a project reads, with what is in them and how many clips use each."""
        answer: ProjectMedia = self._send("POST", "/projects/media", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset))
        return answer

    def frame(
        self,
        *,
        at: str,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
    ) -> Picture:
        """Render one frame of a project as a PNG, here and now."""
        answer: Picture = self._send("POST", "/projects/frame", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, at=at))
        return answer

    def analyse(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
    ) -> Analysis:
        """Say what a project is made of: lengths, layers, media, effects, languages, and how much of it is rendered already."""
        answer: Analysis = self._send("POST", "/projects/analyse", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset))
        return answer

    def optimise(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        platform: str | None = None,
    ) -> Advised:
        """Suggest what would make a project better, or quicker to render: resampled media, covered clips, idle effects."""
        answer: Advised = self._send("POST", "/projects/optimise", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, platform=platform))
        return answer

    def export(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        format: Literal["kinofarm", "otio"] | None = None,
    ) -> ProjectMade:
        """Write a project in another format: our own JSON, or OpenTimelineIO. Its media may be missing."""
        answer: ProjectMade = self._send("POST", "/projects/export", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, format=format))
        return answer

    def relink(
        self,
        *,
        folder: str,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        loop: bool | None = None,
    ) -> Relinked:
        """Find the missing media of a project in a folder: by name, then by length."""
        answer: Relinked = self._send("POST", "/projects/relink", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, folder=folder, loop=loop))
        return answer

    def merge(self, *, projects: Sequence[ProjectNamed], name: str | None = None) -> ProjectMade:
        """Put several projects of one rate and size one after the other on one timeline."""
        answer: ProjectMade = self._send("POST", "/projects/merge", {}, _given(projects=projects, name=name))
        return answer

    def split(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        range: str | None = None,
        at: Sequence[str] | None = None,
    ) -> ProjectParts:
        """Cut a project at some times into several, or take a range of it as a project of its own."""
        answer: ProjectParts = self._send("POST", "/projects/split", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, range=range, at=at))
        return answer

    def subtitles(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        form: Literal["srt", "vtt", "ass"] | None = None,
        language: str | None = None,
    ) -> SubtitleFiles:
        """Write a project's subtitles as SubRip, WebVTT or ASS, a file for each language."""
        answer: SubtitleFiles = self._send("POST", "/projects/subtitles", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, form=form, language=language))
        return answer

    def add_subtitles(
        self,
        *,
        text: str,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        form: Literal["srt", "vtt", "ass"] | None = None,
        language: str | None = None,
        offset: float | str | None = None,
        replace: bool | None = None,
    ) -> Subtitled:
        """Read a subtitle file into a project, as the track of a language. They look as those that are there."""
        answer: Subtitled = self._send("POST", "/projects/subtitles/add", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, text=text, form=form, language=language, offset=offset, replace=replace))
        return answer

    def backup(
        self,
        *,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        media: bool | None = None,
        name: str | None = None,
    ) -> Backup:
        """Put a project and all that it reads into one file (.otioz), which the farm and other programs open."""
        answer: Backup = self._send("POST", "/projects/backup", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, media=media, name=name))
        return answer


class MediaCommands:
    """Look into media files."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self,
        *,
        folder: str | None = None,
        q: str | None = None,
        sequences: bool | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> MediaPage:
        """List the media files of a folder with what is known of them; what was not looked into yet is listed as it lies there."""
        answer: MediaPage = self._send("GET", "/media", _given(folder=folder, q=q, sequences=sequences, limit=limit, after=after), None)
        return answer

    def probe(self, *, path: str | None = None, upload: str | None = None) -> MediaFacts:
        """Look into a media file: its streams, when their frames stand, its content's hash."""
        answer: MediaFacts = self._send("POST", "/media/probe", {}, _given(path=path, upload=upload))
        return answer

    def view(
        self,
        *,
        view: Literal["thumbnail", "storyboard", "animation", "waveform", "peaks"],
        path: str | None = None,
        upload: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> ViewShown:
        """Show a media file: a thumbnail, a storyboard, an animated preview, its sound's waveform or the numbers behind it."""
        answer: ViewShown = self._send("POST", "/media/view", {}, _given(path=path, upload=upload, view=view, options=options))
        return answer

    def proxy(self, *, path: str | None = None, upload: str | None = None) -> Accepted:
        """Have a proxy made of a film: small, with a key frame each half second, rendered in chunks like any other film."""
        answer: Accepted = self._send("POST", "/media/proxy", {}, _given(path=path, upload=upload))
        return answer


class ScanCommands:
    """Take folders of media into the library."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def begin(
        self,
        *,
        folder: str,
        views: Sequence[Literal["thumbnail", "storyboard", "animation", "waveform", "peaks"]] | None = None,
        recursive: bool | None = None,
        sequences: bool | None = None,
        proxies: bool | None = None,
    ) -> Scan:
        """Scan a folder: look into each media file that has changed since it was looked into, and make views of it."""
        answer: Scan = self._send("POST", "/scans", {}, _given(folder=folder, views=views, recursive=recursive, sequences=sequences, proxies=proxies))
        return answer

    def list(self, *, limit: int | None = None) -> Scans:
        """List the scans of folders, the newest first: how far they are, or how they ended."""
        answer: Scans = self._send("GET", "/scans", _given(limit=limit), None)
        return answer

    def show(self, *, scan: str) -> Scan:
        """Show a scan: how far it is, or how it ended."""
        answer: Scan = self._send("GET", f"/scans/{_path(scan)}", _given(), None)
        return answer

    def stop(self, *, scan: str) -> Scan:
        """Stop a scan: files that are being looked into are given up, no other is begun; what was looked into stays known."""
        answer: Scan = self._send("POST", f"/scans/{_path(scan)}/stop", {}, _given())
        return answer


class AnalysisCommands:
    """Look media through, and ask what is seen and heard in them."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def begin(
        self,
        *,
        model: str | None = None,
        kinds: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        path: str | None = None,
        upload: str | None = None,
    ) -> AnalysisEntry:
        """Look a media file through, for its scenes, silence, loudness and the like, or for what a model recognises."""
        answer: AnalysisEntry = self._send("POST", "/analyses", {}, _given(model=model, kinds=kinds, options=options, path=path, upload=upload))
        return answer

    def list(self, *, limit: int | None = None, content: str | None = None) -> Analyses:
        """List the analyses of media, the newest first: how far they are, or what they gave."""
        answer: Analyses = self._send("GET", "/analyses", _given(limit=limit, content=content), None)
        return answer

    def show(self, *, analysis: str) -> AnalysisEntry:
        """Show an analysis: how far it is, or what it gave."""
        answer: AnalysisEntry = self._send("GET", f"/analyses/{_path(analysis)}", _given(), None)
        return answer

    def stop(self, *, analysis: str) -> AnalysisEntry:
        """Stop an analysis; the same wish goes on where it stopped."""
        answer: AnalysisEntry = self._send("POST", f"/analyses/{_path(analysis)}/stop", {}, _given())
        return answer

    def export(self, *, analysis: str, form: Literal["json", "csv", "vtt", "otio"] | None = None) -> Exported:
        """Return what a model found as JSON, CSV, WebVTT, or markers on a timeline (OpenTimelineIO)."""
        answer: Exported = self._send("GET", f"/analyses/{_path(analysis)}/export", _given(form=form), None)
        return answer

    def summary(self, *, analysis: str, spans: int | None = None) -> Summary:
        """Sum up what an analysis found: how often and how long each thing is seen or heard, and when."""
        answer: Summary = self._send("GET", f"/analyses/{_path(analysis)}/summary", _given(spans=spans), None)
        return answer

    def find(
        self,
        *,
        name: Sequence[str] | None = None,
        content: str | None = None,
        analysis: str | None = None,
        model: str | None = None,
        least: float | None = None,
        begin: float | None = None,
        end: float | None = None,
        over: float | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Findings:
        """Ask what was found: all clips with a dog for over two seconds, every silence, the scenes of a film."""
        answer: Findings = self._send("GET", "/findings", _given(name=name, content=content, analysis=analysis, model=model, least=least, begin=begin, end=end, over=over, limit=limit, after=after), None)
        return answer

    def mark(
        self,
        *,
        analysis: str,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        name: Sequence[str] | None = None,
    ) -> Marked:
        """Mark in a project what an analysis found: each thing, in each clip that shows it, where and for as long as it is seen."""
        answer: Marked = self._send("POST", f"/analyses/{_path(analysis)}/mark", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, name=name))
        return answer

    def sheet(self, *, analysis: str, options: SheetOptions | None = None) -> SheetShown:
        """Draw a contact sheet of what a model found: each thing where it was surest, with its class, score and time."""
        answer: SheetShown = self._send("POST", f"/analyses/{_path(analysis)}/sheet", {}, _given(options=options))
        return answer

    def reframe(self, *, analysis: str, aspect: str | None = None, name: Sequence[str] | None = None) -> Reframed:
        """Return a project in other proportions that follows what a model found, as keyframes that can be edited like any others."""
        answer: Reframed = self._send("GET", f"/analyses/{_path(analysis)}/reframed", _given(aspect=aspect, name=name), None)
        return answer


class BatchCommands:
    """Look folders of media through."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def begin(
        self,
        *,
        folder: str,
        model: str | None = None,
        kinds: Sequence[str] | None = None,
        options: Mapping[str, Any] | None = None,
        recursive: bool | None = None,
        sequences: bool | None = None,
    ) -> Batch:
        """Look the media files of a folder through, for what a model recognises or for their scenes, silence and the like."""
        answer: Batch = self._send("POST", "/batches", {}, _given(model=model, kinds=kinds, options=options, folder=folder, recursive=recursive, sequences=sequences))
        return answer

    def list(self, *, limit: int | None = None, folder: str | None = None) -> Batches:
        """List the batches, the newest first: how far they are, or how they ended."""
        answer: Batches = self._send("GET", "/batches", _given(limit=limit, folder=folder), None)
        return answer

    def show(self, *, batch: str) -> BatchShown:
        """Show a batch: how far it is, or how it ended, and which files could not be looked through."""
        answer: BatchShown = self._send("GET", f"/batches/{_path(batch)}", _given(), None)
        return answer

    def stop(self, *, batch: str) -> Batch:
        """Stop a batch, with its analyses that no other batch wants; what was found stays, and the same wish goes on where they stopped."""
        answer: Batch = self._send("POST", f"/batches/{_path(batch)}/stop", {}, _given())
        return answer


class ModelCommands:
    """Models that recognise things in pictures."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self) -> Models:
        """List the models that recognise things: what they find, and in pictures of what size."""
        answer: Models = self._send("GET", "/models", _given(), None)
        return answer

    def check(
        self,
        *,
        path: str | None = None,
        upload: str | None = None,
        classes: str | None = None,
        layout: str | None = None,
    ) -> ModelFacts:
        """Look into a model's file: its input, its head's layout, its classes. It is run on nothing only, in a process of its own."""
        answer: ModelFacts = self._send("POST", "/models/check", {}, _given(path=path, upload=upload, classes=classes, layout=layout))
        return answer

    def add(
        self,
        *,
        name: str,
        path: str | None = None,
        upload: str | None = None,
        classes: str | None = None,
        layout: str | None = None,
    ) -> VisionModel:
        """Add a model that recognises things, under a name; it is looked into first."""
        answer: VisionModel = self._send("PUT", f"/models/{_path(name)}", {}, _given(path=path, upload=upload, classes=classes, layout=layout))
        return answer

    def remove(self, *, name: str) -> ModelRemoved:
        """Remove a model; what it found stays."""
        answer: ModelRemoved = self._send("DELETE", f"/models/{_path(name)}", _given(), None)
        return answer


class PreviewCommands:
    """See what an effect or a transition does."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def effect(
        self,
        *,
        effect: str,
        media: MediaNamed | None = None,
        at: float | None = None,
        parameters: Mapping[str, Any] | None = None,
        frame: int | None = None,
        size: PreviewSize | None = None,
    ) -> Picture:
        """See what an effect does to a picture, as a PNG."""
        answer: Picture = self._send("POST", "/previews/effect", {}, _given(media=media, at=at, effect=effect, parameters=parameters, frame=frame, size=size))
        return answer

    def transition(
        self,
        *,
        transition: str,
        parameters: Mapping[str, Any] | None = None,
        before: PreviewSource | None = None,
        after: PreviewSource | None = None,
        progress: float | None = None,
        size: PreviewSize | None = None,
    ) -> Picture:
        """See how far a transition is between two pictures, as a PNG."""
        answer: Picture = self._send("POST", "/previews/transition", {}, _given(transition=transition, parameters=parameters, before=before, after=after, progress=progress, size=size))
        return answer


class UploadCommands:
    """Files that are sent to the farm."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self, *, limit: int | None = None) -> UploadList:
        """List the files that were uploaded, or are being uploaded, the newest first."""
        answer: UploadList = self._send("GET", "/uploads", _given(limit=limit), None)
        return answer

    def show(self, *, upload: str) -> Upload:
        """Show an upload: what it is called, how much of it is here, its content's hash."""
        answer: Upload = self._send("GET", f"/uploads/{_path(upload)}", _given(), None)
        return answer


class ScheduleCommands:
    """Render at set times."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self) -> Schedules:
        """List what is rendered at set times, and when next."""
        answer: Schedules = self._send("GET", "/schedules", _given(), None)
        return answer

    def add(
        self,
        *,
        name: str,
        cron: str,
        project: str | None = None,
        timeline: Mapping[str, Any] | None = None,
        timeline_name: str | None = None,
        upload: str | None = None,
        preset: str | None = None,
        range: str | None = None,
        output: str | None = None,
        timezone: str | None = None,
    ) -> Schedules:
        """Render a project at set times; it is checked now, and read anew at each render. Returns all schedules of that name."""
        answer: Schedules = self._send("PUT", f"/schedules/{_path(name)}", {}, _given(project=project, timeline=timeline, timeline_name=timeline_name, upload=upload, preset=preset, range=range, output=output, cron=cron, timezone=timezone))
        return answer

    def remove(self, *, name: str) -> Removed:
        """Render a project no longer at set times; renders that have begun go on."""
        answer: Removed = self._send("DELETE", f"/schedules/{_path(name)}", _given(), None)
        return answer


class WatchCommands:
    """Folders whose files become jobs."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self, *, limit: int | None = None) -> Arrivals:
        """List the watched folders, and the files that arrived in them with what became of each."""
        answer: Arrivals = self._send("GET", "/arrivals", _given(limit=limit), None)
        return answer


class WebhookCommands:
    """What other programs were told."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self, *, limit: int | None = None, webhook: str | None = None) -> Deliveries:
        """List what webhooks were told, and what is still to be told."""
        answer: Deliveries = self._send("GET", "/deliveries", _given(limit=limit, webhook=webhook), None)
        return answer

    def redeliver(self, *, delivery: str) -> Delivery:
        """Tell a webhook once more, whatever became of it before."""
        answer: Delivery = self._send("POST", f"/deliveries/{_path(delivery)}/again", {}, _given())
        return answer


class WorkerCommands:
    """Machines that render."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self) -> Machines:
        """List the machines that render: what each can do, and why not, where it can't."""
        answer: Machines = self._send("GET", "/workers", _given(), None)
        return answer

    def reprobe(self, *, name: str | None = None) -> Asked:
        """Have a machine, or all, find out anew what it can do."""
        answer: Asked = self._send("POST", "/workers/reprobe", {}, _given(name=name))
        return answer


class CacheCommands:
    """The cache of finished chunks."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def stats(self) -> CacheStats:
        """Show what the cache holds, its limits, and what its disk can still take."""
        answer: CacheStats = self._send("GET", "/cache", _given(), None)
        return answer

    def evict(self) -> Evicted:
        """Delete what is stale or too much, and not needed."""
        answer: Evicted = self._send("POST", "/cache/evict", {}, _given())
        return answer


class CatalogueCommands:
    """What a project may say."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def effects(self) -> Effects:
        """List the effects on picture and sound, with their parameters."""
        answer: Effects = self._send("GET", "/catalogue/effects", _given(), None)
        return answer

    def transitions(self) -> Transitions:
        """List the transitions, with their parameters."""
        answer: Transitions = self._send("GET", "/catalogue/transitions", _given(), None)
        return answer

    def presets(self) -> Presets:
        """List the export presets, with what the platforms take that they are for."""
        answer: Presets = self._send("GET", "/catalogue/presets", _given(), None)
        return answer

    def formats(self) -> Formats:
        """List the formats of projects, the containers and the encoders."""
        answer: Formats = self._send("GET", "/catalogue/formats", _given(), None)
        return answer

    def schema(self, *, document: Literal["timeline", "manifest"] = "timeline") -> Schema:
        """Show the JSON Schema of our project format, or of the manifest."""
        answer: Schema = self._send("GET", f"/catalogue/schemas/{_path(document)}", _given(), None)
        return answer


class FarmCommands:
    """The farm itself."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def status(self) -> FarmStatus:
        """Show how each service is, and how much there is to do."""
        answer: FarmStatus = self._send("GET", "/farm", _given(), None)
        return answer

    def info(self) -> FarmInfo:
        """Show what this farm is made of: versions, ffmpeg, the machine that serves it."""
        answer: FarmInfo = self._send("GET", "/farm/info", _given(), None)
        return answer

    def settings(self) -> SettingsShown:
        """Show the settings in force; secrets are hidden."""
        answer: SettingsShown = self._send("GET", "/farm/settings", _given(), None)
        return answer


class TokenCommands:
    """Who may do what."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        name: str,
        scope: Literal["read", "submit", "operate", "admin"] | None = None,
        days: float | None = None,
    ) -> TokenMade:
        """Make a token, which is shown this once."""
        answer: TokenMade = self._send("POST", "/tokens", {}, _given(name=name, scope=scope, days=days))
        return answer

    def list(self) -> Tokens:
        """List the tokens that there are and were; none is shown itself."""
        answer: Tokens = self._send("GET", "/tokens", _given(), None)
        return answer

    def revoke(self, *, name: str) -> Token:
        """End a token, and the sessions that were begun with it."""
        answer: Token = self._send("DELETE", f"/tokens/{_path(name)}", _given(), None)
        return answer


class AuditCommands:
    """Who did what."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self, *, limit: int | None = None, before: int | None = None) -> Deeds:
        """Read the audit log: who changed what through which door, and who was not let."""
        answer: Deeds = self._send("GET", "/audit", _given(limit=limit, before=before), None)
        return answer


class Commands:
    """Every command, by its group."""

    def __init__(self, send: Send) -> None:
        self.render = RenderCommands(send)
        self.job = JobCommands(send)
        self.project = ProjectCommands(send)
        self.media = MediaCommands(send)
        self.scan = ScanCommands(send)
        self.analysis = AnalysisCommands(send)
        self.batch = BatchCommands(send)
        self.model = ModelCommands(send)
        self.preview = PreviewCommands(send)
        self.upload = UploadCommands(send)
        self.schedule = ScheduleCommands(send)
        self.watch = WatchCommands(send)
        self.webhook = WebhookCommands(send)
        self.worker = WorkerCommands(send)
        self.cache = CacheCommands(send)
        self.catalogue = CatalogueCommands(send)
        self.farm = FarmCommands(send)
        self.token = TokenCommands(send)
        self.audit = AuditCommands(send)


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def _path(value: str) -> str:
    return quote(value, safe="")
