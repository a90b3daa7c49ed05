"""Steps that give hosts and Zabbix what watching and recovering needs, and take it away again."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Monitoring
from saitotui.runbooks.judging import reading, value_name, waiting
from saitotui.runbooks.recovery.content import Template, differences, imported
from saitotui.runbooks.recovery.hosts import CONTENT_KEY, File, Watched
from saitotui.runbooks.zabbix import asked, number, told

HEARD = 180.0
"""Seconds in which Zabbix must have heard the agents: it looks for new items once a minute (6.0)."""
LOOK = 2.0
LATER = "`remove=yes` takes it away again"


def on(host: Watched, text: str, danger: Danger = Danger.READ, body: str = "") -> Command:
    return Command(Client.SSH, host.name, text, body, danger=danger)


def put(host: Watched, monitoring: Monitoring) -> Step:
    """Its files, each checked before it takes its place (what was there before is kept beside it), and the
    agent started again: it reads its configuration when it starts, and only then."""
    files = host.files(monitoring.agent_folder, monitoring.agent_user)
    again = Act(on(host, f"systemctl restart {shell(monitoring.agent_unit)}", Danger.REVERSIBLE))
    return Step(
        f"{host.name} gets {', '.join(file.path for file in files)}; its agent reads that",
        (
            *(Act(on(host, _written(file), Danger.REVERSIBLE, file.text)) for file in files),
            _restart(host, monitoring),
        ),
        goal=_ready(host, files, monitoring),
        undo=(*(Act(on(host, _back(file), Danger.REVERSIBLE)) for file in reversed(files)), again),
        undone=_lacks(host, files),
        deadline=40.0,
        expected=3.0,
        proof=10.0,
    )


def _restart(host: Watched, monitoring: Monitoring) -> Act:
    """Times are whole seconds: what starts in the second of the writing would not count."""
    return Act(on(host, f"sleep 2; systemctl restart {shell(monitoring.agent_unit)}", Danger.REVERSIBLE))


def _written(file: File) -> str:
    path = shell(file.path)
    check = file.check.replace("{}", '"$f.new"')
    return (
        f'( f={path}; umask 077; if [ -e "$f" ]; then cp -p "$f" "$f.before"; else rm -f "$f.before"; fi; '
        f'cat >"$f.new" && {check} && chown root:root "$f.new" && chmod {file.mode} "$f.new" '
        '&& mv -f "$f.new" "$f" )'
    )


def _back(file: File) -> str:
    path = shell(file.path)
    return f'( f={path}; if [ -e "$f.before" ]; then mv -f "$f.before" "$f"; else rm -f "$f"; fi )'


def _asked(host: Watched, files: Sequence[File], monitoring: Monitoring, program: str) -> Command:
    """What `program` says of the files, when the agent's folder was changed, and when the agent began."""
    paths = " ".join(shell(file.path) for file in files)
    folder = shell(monitoring.agent_folder)
    began = (
        f"{program} {paths} 2>/dev/null; echo changed $(stat -c %Z {folder}); "
        "p=$(pgrep -o -x 'zabbix_agentd|zabbix_agent2'); "
        '[ -z "$p" ] || echo began $(date -d "$(ps -o lstart= -p "$p")" +%s)'
    )
    return on(host, began)


def _agent(answer: Answer) -> str:
    """Why the agent cannot have read what is there; '' when it has."""
    times = {
        word: int(at)
        for word, _, at in (line.partition(" ") for line in answer.text.split("\n"))
        if at.isdigit()
    }
    if "began" not in times:
        return "no agent runs"
    return "" if times["began"] > times.get("changed", 0) else "the agent started before"


def _ready(host: Watched, files: Sequence[File], monitoring: Monitoring) -> Check:
    def judge(answer: Answer) -> Verdict:
        lines = answer.text.split("\n")
        lacking = [file.path for file in files if f"{file.digest}  {file.path}" not in lines]
        why = f"another, or none: {', '.join(lacking)}" if lacking else _agent(answer)
        return Verdict(not why, why or "as shipped, and read")

    return Check(
        f"{host.name} has what its agent needs", _asked(host, files, monitoring, "sha256sum"), reading(judge)
    )


def _lacks(host: Watched, files: Sequence[File]) -> Check:
    def judge(answer: Answer) -> Verdict:
        there = [file.path for file in files if f"{file.digest}  {file.path}" in answer.text.split("\n")]
        return Verdict(not there, ", ".join(there) or "none of them")

    paths = " ".join(shell(file.path) for file in files)
    command = on(host, f"sha256sum {paths} 2>/dev/null; true")
    return Check(f"{host.name} has none of the files of recovery", command, reading(judge))


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
        rows = answer.data if isinstance(answer.data, list) else []
        said = {str(row.get("hostid")): str(row.get("lastvalue")) for row in rows if isinstance(row, dict)}
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
    rows = answer.data if isinstance(answer.data, list) else []
    hosts = [row.get("hosts", []) for row in rows if isinstance(row, dict)]
    return {
        str(one.get("hostid"))
        for found in hosts
        if isinstance(found, list)
        for one in found
        if isinstance(one, dict)
    }


def unlink(template: Template, hosts: Sequence[Watched]) -> Step:
    id = f"{{{_template(template)}}}"
    return Step(
        f"{template.name!r} watches no host, and is gone",
        (
            told(
                "host.massremove",
                {"hostids": [host.id for host in hosts], "templateids_clear": [id]},
                lambda _: "",
            ),
            told("template.delete", [id]),
        ),
        goal=_gone(template),
        no_undo="install it again",
        deadline=60.0,
        expected=0.5,
    )


def _gone(template: Template) -> Check:
    def judge(answer: Answer) -> Verdict:
        gone = not answer.data
        return Verdict(gone, "none" if gone else "it is there")

    return Check(f"Zabbix has no template {template.name!r}", _templates(template), reading(judge))


def clean(host: Watched, monitoring: Monitoring) -> Step:
    """Takes its files away again."""
    files = host.files(monitoring.agent_folder, monitoring.agent_user)
    paths = " ".join(f"{shell(file.path)} {shell(file.path + '.before')}" for file in files)

    def judge(answer: Answer) -> Verdict:
        there = [line for line in answer.text.split("\n") if line.startswith("/")]
        why = f"there are {', '.join(there)}" if there else _agent(answer)
        return Verdict(not why, why or "gone, and forgotten")

    question = _asked(host, files, monitoring, "ls -d")
    return Step(
        f"{host.name} has no files of recovery any more",
        (Act(on(host, f"rm -f {paths}", Danger.REVERSIBLE)), _restart(host, monitoring)),
        goal=Check(f"the files of recovery are gone from {host.name}", question, reading(judge)),
        no_undo="install them again",
        deadline=40.0,
        expected=3.0,
        proof=10.0,
    )
