"""Whether recognition can run on CUDA here, found out by doing it."""

from __future__ import annotations

from pathlib import Path

from infra.errors import KinofarmError

DEVICES = ("/dev/nvidiactl", "/dev/dxg")
"""Device files of NVIDIA's driver, on Linux and on Linux in Windows."""


def why_no_cuda() -> str:
    """Say why recognition can't run on CUDA; empty: it can. Where there is no driver ONNX Runtime is not even imported."""
    if not any(Path(device).exists() for device in DEVICES):
        return "there is no device of NVIDIA's"
    from tasks.recognition.session import try_cuda

    try:
        try_cuda()
    except KinofarmError as error:
        return str(error.params.get("reason") or error.message)
    return ""
