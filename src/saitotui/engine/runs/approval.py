"""A second person's approval: the plan's digest, signed with their own key, in the run's folder."""

from __future__ import annotations

import json
from pathlib import Path

from saitotui.engine import store
from saitotui.engine.journal.entry import JournalError
from saitotui.engine.journal.file import Journal
from saitotui.engine.journal.seal import check, sign
from saitotui.engine.runs.folder import RunFolder
from saitotui.model.profile import Profile

NAMESPACE = "saitotui-approval"


def approve(folder: RunFolder, who: str, key: Path, journal: Journal) -> None:
    """Signs the run's digest, and journals that. JournalError when either cannot be done, ValueError when it
    is one's own run."""
    request = folder.request
    if who == request.who:
        raise ValueError("a run is approved by a second person, not by the one who asked for it")
    body = {"who": who, "signature": sign(f"{folder.name} {request.digest}", key, NAMESPACE)}
    journal.append("approval", {"run": folder.name, "digest": request.digest}, folder.name)
    store.write(folder.path / "approval.json", json.dumps(body).encode())


def missing_approval(profile: Profile, folder: RunFolder) -> str:
    """Why a run may not begin for want of a second person; '' when it may."""
    request = folder.request
    if request.runbook not in profile.acting.second_person:
        return ""
    try:
        found = json.loads((folder.path / "approval.json").read_text(encoding="utf-8"))
        who, signature = str(found["who"]), str(found["signature"])
    except (OSError, ValueError, KeyError):
        return f"a second person must approve this run first: saitotui approve {folder.name}"
    if who == request.who:
        return "the approval is by the one who asked for the run: a second person must give it"
    if not profile.acting.allowed_signers:
        return "the profile has no acting.allowed_signers: nobody's approval can be checked"
    try:
        text, allowed = f"{folder.name} {request.digest}", Path(profile.acting.allowed_signers)
        why = check(text, signature, who, allowed, NAMESPACE)
    except JournalError as error:
        return str(error)
    return f"the approval of {who} is not good: {why}" if why else ""
