"""What does not answer at first is asked once more, and nothing that answered grows stale meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.engine.poll import look_again
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, Question


class Peers:
    """`slow` answers when it is asked again, `dead` never, `shut` refuses. Each round takes ten seconds."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        answers: list[Answer | Failure] = []
        for command in commands:
            name = command.target
            first = name not in self.asked
            self.asked.append(name)
            if name == "dead" or (name == "slow" and first):
                answers.append(Failure(FailureKind.TIMEOUT, f"{name}: no answer"))
                self.now += 10
            elif name == "shut":
                answers.append(Failure(FailureKind.REFUSED, "shut: nobody listens there"))
            else:
                answers.append(Answer(name))
        return answers


def question(name: str) -> Question[str]:
    return Question(name, name, Command(Client.SSH, name, "hostname"), lambda answer: answer.text, 1.0)


async def test_only_what_was_silent_is_asked_again() -> None:
    peers = Peers()
    quick, slow, dead, shut = (question(name) for name in ("quick", "slow", "dead", "shut"))
    snapshot = await look_again(peers, (quick, slow, dead, shut), peers.clock)
    assert sorted(peers.asked) == ["dead", "dead", "quick", "shut", "slow", "slow"]
    assert (snapshot.get(slow), snapshot.get(dead), snapshot.get(shut)) == ("slow", None, None)


async def test_waiting_makes_nothing_stale() -> None:
    """One host that swallows packets takes longer than anything else may be old."""
    peers = Peers()
    quick, dead, late = question("quick"), question("dead"), question("late")
    snapshot = await look_again(peers, (quick, dead, late), peers.clock)
    assert peers.now >= 120
    assert (snapshot.get(quick), snapshot.get(late)) == ("quick", "late")
    assert dead.key in snapshot.readings


async def test_where_nobody_answers_it_is_as_of_the_beginning() -> None:
    peers = Peers()
    snapshot = await look_again(peers, (question("dead"),), peers.clock)
    assert snapshot.at == 100.0
