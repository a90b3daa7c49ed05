"""Software of another Debian release, unpacked into a folder of this checkout and run from there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PLACE = Path(__file__).parents[2] / ".lab"


def unpack(folder: Path, release: str, how: str, *packages: str) -> str:
    """Puts packages into `folder`/root (see unpack.sh); '' when they are there, else why they are not."""
    script = Path(__file__).with_name("unpack.sh")
    try:
        done = subprocess.run(
            [str(script), str(folder), release, how, *packages],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "unpacking it took more than ten minutes"
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        return (done.stdout + done.stderr)[-500:].strip()
    return ""
