"""The simulated shell does what dash does, for the part of the language that it has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitotui.simulator.shell import Shell
from saitotui.simulator.world import Machine, Printed

SCRIPTS = [
    "echo a b  c; echo 'a  b'  \"c  d\"",
    "x=1; y=$x$x; echo \"$y ${x}z ${z:-none} ${x:+set} [$z]\"",
    "true && echo yes || echo no; false && echo yes || echo no",
    "! true; echo $?; ! false; echo $?",
    "echo a | cat | cat; printf '%s-%s\\n' a b c d",
    "printf '\\n%s\\n' \"n 3 $?\"; printf '%d%%\\n' 42; printf 'x'",
    "(exit 3); echo $?; (echo in; false); echo $?",
    "{ echo a; echo b; } | wc -l",
    "if [ a = a ]; then echo same; else echo other; fi; if false; then echo 1; elif true; then echo 2; fi",
    "for i in 1 2 3; do echo n$i; done; for i in; do echo never; done",
    "i=x; while [ $i != xxxx ]; do i=x$i; echo $i; done",
    "for i in 1 2 3; do case $i in 2) break;; esac; echo $i; done; echo left; break; echo on",
    "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done",
    "while read -r a; do [ $a = y ] && break; echo $a; done </dev/null; until false; do break; done; echo $?",
    "case abc in a*) echo starts;; *) echo no;; esac; case x in a|x) echo ax;; esac",
    "echo $(echo inner; echo more) \"$(echo kept; echo lines)\"",
    "echo to-err >&2; echo out 2>/dev/null; nonsense 2>/dev/null; echo $?",
    "(eval 'echo hi; exit 4')</dev/null 2>&1;printf '\\n%s\\n' \"abc 0 $?\"",
    "(eval 'echo \"unclosed')</dev/null 2>/dev/null;printf '\\n%s\\n' \"abc 0 $?\"",
    "printf 'a 1\\nb 2\\n' | while read -r name value; do echo \"$value=$name\"; done",
    "printf 'one\\ntwo\\nthree\\n' | grep -c t; printf 'a.b\\n' | grep -F a.b",
    "printf 'one\\ntwo\\n' | grep -v one",
    "printf 'x: 1\\ny: 2\\n' | grep -E '^(x|z):' ; printf 'ab\\n' | grep -q zz; echo $?",
    "printf '1\\n2\\n3\\n4\\n' | head -n 2; printf '1\\n2\\n3\\n4\\n' | tail -2",
    "printf 'abcdef' | head -c 3; echo",
    "printf 'b\\na\\nb\\n' | sort -u; echo a:b:c | cut -d: -f2; echo abc | tr abc xyz",
    "[ -n '' ]; echo $?; [ 3 -gt 2 ] && echo more; [ ! -e /nowhere ] && echo absent",
    "[ a = b -o c = c ]; echo $?",
    "x='a b'; for w in $x; do echo $w; done; for w in \"$x\"; do echo $w; done",
    "echo \"a\\\"b\\$c\" 'it''s' a\\ b; echo ~ | grep -c /",
    "x=$(false); echo $?; x=1 true; echo \"[$x]\"",
    "echo one; exit 5; echo never",
    "cat /nowhere 2>/dev/null || echo missing; test -f /nowhere; echo $?",
    "echo 'semi;colon' \"pipe|inside\" hash#inside # a comment",
    "a=1 && b=2; echo $a$b; unset_thing=; echo \"<$unset_thing>\"",
    "command -v nonsense; echo $?",
    "n=0; until [ $n -ge 3 ]; do n=$((n + 1)); echo $n; done; echo $((2 * $n % 4)) \"$((7/2))\" $((-n))",
    "printf 'a\\nb\\n# x\\nc\\n# y\\nd\\n' | sed -e '/^# x$/,/^# y$/d' -e '/^b/d'",
    "printf 'a\\nb\\nc\\nd\\n' | sed -n -e '/b/,/c/p' -e '/^a/p'; printf 'ab\\n' | sed 's/b/c/'",
]  # fmt: skip


def simulated(script: str) -> Printed:
    return Shell(Machine("h", "physical", "10.0.0.1")).run(script)


@pytest.mark.skipif(shutil.which("dash") is None, reason="needs dash to compare with")
@pytest.mark.parametrize("script", SCRIPTS)
def test_it_prints_what_dash_prints(script: str) -> None:
    real = subprocess.run(["dash", "-c", script], capture_output=True, text=True, timeout=10, check=False)
    printed = simulated(script)
    assert (printed.out, printed.status) == (real.stdout, real.returncode)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo 'a", "sh: 1: Syntax error: Unterminated quoted string"),
        ("if true", "sh: 1: Syntax error: end of file unexpected"),
        ("echo )", 'sh: 1: Syntax error: ")" unexpected'),
        ("foo bar", "sh: 1: foo: not found"),
        ("(", "sh: 1: Syntax error: end of file unexpected"),
    ],
)
def test_what_is_wrong_is_said_as_dash_says_it(script: str, error: str) -> None:
    printed = simulated(script)
    assert printed.err.startswith(error)
    assert printed.status in (2, 127)


def test_files_are_the_machines_own_and_never_the_real_ones(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("secret")
    machine = Machine("h", "physical", "10.0.0.1", files={"/proc/loadavg": "0.1 0.2 0.3 1/99 7\n"})
    shell = Shell(machine)
    assert shell.run('read -r load < /proc/loadavg; echo "load $load"').out == "load 0.1 0.2 0.3 1/99 7\n"
    assert shell.run(f"cat {real}").err == f"cat: {real}: No such file or directory\n"
    shell.run(
        f"echo x > {real}; mkdir -p /run/lock/s; mkdir /run/lock/s/t && echo held > /run/lock/s/t/holder"
    )
    assert real.read_text() == "secret"
    assert shell.run("cat /run/lock/s/t/holder; mkdir /run/lock/s/t; echo $?").out == "held\n1\n"
    assert (
        shell.run("rm -f /run/lock/s/t/holder && rmdir /run/lock/s/t; mkdir /run/lock/s/t; echo $?").out
        == "0\n"
    )


def test_a_full_disk_takes_nothing() -> None:
    machine = Machine("h", "physical", "10.0.0.1", disk_full=True)
    Shell(machine).run("echo x > /etc/x")
    assert machine.files["/etc/x"] == ""


def test_programs_of_the_machine_run_and_may_hang() -> None:
    machine = Machine("h", "physical", "10.0.0.1")
    machine.programs["hello"] = lambda m, words, stdin: Printed(f"{m.name} {words[1]} {stdin}")
    machine.programs["stuck"] = lambda m, words, stdin: Printed(hangs=True)
    assert Shell(machine).run("echo in | hello out").out == "h out in\n"
    assert Shell(machine).run("echo a; stuck; echo b") == Printed("a\n", "", 0, hangs=True)
    assert Shell(machine).run("timeout 2 stuck; echo $?").out == "124\n"
    assert Shell(machine).run("while true; do true; done").hangs


@given(st.text(alphabet="abc '\"\\$(){};|&<>!\n=-[]*?#~if then fi do done", max_size=60))
def test_whatever_is_typed_it_answers(script: str) -> None:
    printed = simulated(script)
    assert isinstance(printed.status, int)
