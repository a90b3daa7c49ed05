"""Steps that give hosts and Zabbix what watching and recovering needs, and take it away again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from saitotui.clients.quoting import shell
from saitotui.facts.zabbix_fields import inner, rows, text
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Monitoring
from saitotui.runbooks.files import back, written
from saitotui.runbooks.judging import reading, value_name, waiting, whatever
from saitotui.runbooks.recovery import readings
from saitotui.runbooks.recovery.content import Template, differences, imported
from saitotui.runbooks.recovery.hosts import CONTENT_KEY, SCRIPT, SUDOERS, File, Watched
from saitotui.runbooks.zabbix import asked, number, told

HEARD = 180.0
"""Seconds in which Zabbix must have heard the agents: it looks for new items once a minute (6.0)."""
LOOK = 2.0
STAMP = "/run/lock/saitotui-agent"
"""On a host: what its agent has read. Gone with the host's power: then the agent is started once more."""
LATER = "`remove=yes` takes it away again"


def on(host: Watched, text: str, danger: Danger = Danger.READ, body: str = "") -> Command:
    return Command(Client.SSH, host.name, text, body, danger=danger)


def put(host: Watched, monitoring: Monitoring) -> Step:
    """Its files, each checked before it takes its place (what was there before is kept beside it), and the
    agent started again: it reads its configuration when it starts, and only then."""
    files = host.files(monitoring)
    return Step(
        f"{host.name} gets {', '.join(file.path for file in files)}; its agent reads that",
        (
            *(Act(on(host, _put(file), Danger.REVERSIBLE, file.text)) for file in files),
            _restart(host, monitoring, f"echo {host.digest} >{STAMP}"),
        ),
        goal=_ready(host, files),
        undo=(
            *(Act(on(host, back(file.path), Danger.REVERSIBLE)) for file in reversed(files)),
            _restart(host, monitoring, f"rm -f {STAMP}"),
        ),
        undone=_lacks(host, files),
        deadline=40.0,
        expected=1.0,
        proof=10.0,
    )


def _restart(host: Watched, monitoring: Monitoring, noted: str) -> Act:
    text = f"systemctl daemon-reload && systemctl restart {shell(monitoring.agent_unit)} && {noted}"
    return Act(on(host, text, Danger.REVERSIBLE))


def _put(file: File) -> str:
    return written(file.path, file.mode, file.check, file.folder if file.apart else "")


def _asked(host: Watched, paths: Iterable[str]) -> Command:
    """The digests of files, what the agent has read, and whether it runs."""
    text = (
        f"sha256sum {' '.join(map(shell, paths))} 2>/dev/null; "
        f'[ ! -e {STAMP} ] || echo "read $(cat {STAMP})"; '
        "{ pgrep -x zabbix_agentd || pgrep -x zabbix_agent2; } >/dev/null && echo runs; true"
    )
    return on(host, text)


def _ready(host: Watched, files: Sequence[File]) -> Check:
    def judge(answer: Answer) -> Verdict:
        lines = answer.text.split("\n")
        lacking = [file.path for file in files if f"{file.digest}  {file.path}" not in lines]
        if lacking:
            return Verdict(False, f"another, or none: {', '.join(lacking)}")
        if "runs" not in lines:
            return Verdict(False, "no agent runs")
        return Verdict(f"read {host.digest}" in lines, "as shipped, and read by the agent")

    return Check(f"{host.name} has what its agent needs", _asked(host, _paths(files)), reading(judge))


def _paths(files: Sequence[File]) -> Iterator[str]:
    return (file.path for file in files)


def _lacks(host: Watched, files: Sequence[File]) -> Check:
    def judge(answer: Answer) -> Verdict:
        there = [file.path for file in files if f"{file.digest}  {file.path}" in answer.text.split("\n")]
        return Verdict(not there, ", ".join(there) or "none of them")

    question = _asked(host, _paths(files))
    return Check(f"{host.name} has none of the files of recovery", question, reading(judge))


def heard(hosts: Sequence[Watched]) -> Step:
    """Proven by Zabbix: the agents run with these files, and Zabbix has the templates."""
    goal = _all_heard(hosts)

    def left(answer: Answer) -> str:
        verdict = goal.judge(answer)
        return "" if verdict.holds else verdict.measured

    return Step(
        "Zabbix hears from every host that it is ready",
        (Act(goal.command, pause=LOOK, pending=waiting(left, "Zabbix")),),
        goal=goal,
        deadline=HEARD,
        expected=60.0,
        parks=True,
    )


def _all_heard(hosts: Sequence[Watched]) -> Check:
    wanted = {host.id: host for host in hosts}

    def judge(answer: Answer) -> Verdict:
        said = {text(row, "hostid"): text(row, "lastvalue") for row in rows(answer)}
        late = [host.name for id, host in wanted.items() if said.get(id) != host.digest]
        return Verdict(not late, f"not heard from {', '.join(late)}" if late else "all")

    question = {"output": ["hostid", "lastvalue"], "filter": {"key_": CONTENT_KEY}, "hostids": list(wanted)}
    return Check("Zabbix hears from every host what it has", asked("item.get", question), reading(judge))


def bring(template: Template) -> Step:
    """Zabbix itself says whether anything differs (`configuration.importcompare`)."""
    return Step(
        f"Zabbix has the template {template.name!r}",
        (told("configuration.import", imported(template)),),
        goal=shipped(template),
        no_undo=LATER,
        deadline=60.0,
        expected=0.2,
    )


def shipped(template: Template) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = differences(answer.data)
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        return Verdict(not found, "; ".join(found[:8]) + more if found else "as shipped")

    command = asked("configuration.importcompare", imported(template))
    return Check(f"the template {template.name!r} is as shipped", command, reading(judge), deadline=20.0)


def _template(template: Template) -> str:
    return value_name("template", template.name)


def read_template(template: Template) -> Step:
    act = number(_template(template), _templates(template), "templateid")
    return Step(f"read which number {template.name!r} has", (act,), expected=0.05)


def _templates(template: Template) -> Command:
    question = {"output": ["templateid"], "filter": {"host": [template.name]}, "selectHosts": ["hostid"]}
    return asked("template.get", question)


def link(template: Template, hosts: Sequence[Watched]) -> Step:
    ids = [host.id for host in hosts]
    id = f"{{{_template(template)}}}"
    body = {"hosts": [{"hostid": one} for one in ids], "templates": [{"templateid": id}]}
    return Step(
        f"{template.name!r} watches {', '.join(host.name for host in hosts)}",
        (told("host.massadd", body),),
        goal=_linked(template, hosts),
        undo=(told("host.massremove", {"hostids": ids, "templateids_clear": [id]}),),
        undone=_unlinked(template, hosts),
        deadline=60.0,
        expected=0.5,
    )


def _linked(template: Template, hosts: Sequence[Watched]) -> Check:
    def judge(answer: Answer) -> Verdict:
        have = linked(answer)
        lacking = [host.name for host in hosts if host.id not in have]
        return Verdict(not lacking, f"not {', '.join(lacking)}" if lacking else "all of them")

    return Check(f"{template.name!r} watches its hosts", _templates(template), reading(judge))


def _unlinked(template: Template, hosts: Sequence[Watched]) -> Check:
    def judge(answer: Answer) -> Verdict:
        have = linked(answer)
        still = [host.name for host in hosts if host.id in have]
        return Verdict(not still, ", ".join(still) or "none of them")

    return Check(f"{template.name!r} watches none of them", _templates(template), reading(judge))


def linked(answer: Answer) -> set[str]:
    """The hosts of the templates in an answer, by id."""
    return {text(host, "hostid") for row in rows(answer) for host in inner(row, "hosts")}


def unlink(template: Template, hosts: Sequence[Watched]) -> Step:
    id, ids = f"{{{_template(template)}}}", [host.id for host in hosts]
    return Step(
        f"{template.name!r} watches no host, and is gone",
        (
            told("host.massremove", {"hostids": ids, "templateids_clear": [id]}, whatever),
            told("template.delete", [id]),
        ),
        goal=_gone(template),
        no_undo="install it again",
        deadline=60.0,
        expected=0.5,
    )


def _gone(template: Template) -> Check:
    def judge(answer: Answer) -> Verdict:
        gone = not rows(answer)
        return Verdict(gone, "none" if gone else "it is there")

    return Check(f"Zabbix has no template {template.name!r}", _templates(template), reading(judge))


def clean(host: Watched, monitoring: Monitoring) -> Step:
    """Takes its files away again."""
    files = host.files(monitoring)
    # Programs that it had once, too.
    paths = tuple(dict.fromkeys((*_paths(files), SCRIPT, readings.SCRIPT, SUDOERS)))
    removed = " ".join(f"{shell(path)} {shell(path + '.before')}" for path in paths)
    # Somebody else's files may be in a folder, too.
    folders = [f" && ( rmdir {shell(file.folder)} 2>/dev/null || true )" for file in files if file.apart]
    removed = f"rm -f {removed}{''.join(folders)}"

    def judge(answer: Answer) -> Verdict:
        there = [line.rpartition(" ")[2] for line in answer.text.split("\n") if "/" in line]
        if there:
            return Verdict(False, f"there are {', '.join(there)}")
        return Verdict("read " not in answer.text, "gone, and forgotten by the agent")

    return Step(
        f"{host.name} has no files of recovery any more",
        (Act(on(host, removed, Danger.REVERSIBLE)), _restart(host, monitoring, f"rm -f {STAMP}")),
        goal=Check(
            f"the files of recovery are gone from {host.name}",
            _asked(host, paths),
            reading(judge),
        ),
        no_undo="install them again",
        deadline=40.0,
        expected=1.0,
        proof=10.0,
    )


def settle_readings(unwanted: Sequence[str]) -> tuple[Step, ...]:
    """Zabbix keeps no answers of tiers that are not read so (any more)."""
    if not unwanted:
        return ()
    question = asked("template.get", {"output": ["templateid", "host"], "filter": {"host": list(unwanted)}})

    def judge(answer: Answer) -> Verdict:
        there = [text(row, "host") for row in rows(answer)]
        return Verdict(not there, ", ".join(there) or "none")

    numbers = [value_name("template", name) for name in unwanted]
    read = [
        number(
            value, asked("template.get", {"output": ["templateid"], "filter": {"host": [name]}}), "templateid"
        )
        for value, name in zip(numbers, unwanted, strict=True)
    ]
    return (
        Step("read which readings Zabbix keeps that nobody wants", tuple(read), expected=0.2),
        Step(
            "Zabbix keeps no readings that nobody wants",
            tuple(told("template.delete", [f"{{{value}}}"], whatever) for value in numbers),
            goal=Check("Zabbix keeps no readings that nobody wants", question, reading(judge)),
            no_undo="name the tier in the profile's `readings`, and install it again",
            deadline=60.0,
            expected=0.5,
        ),
    )
