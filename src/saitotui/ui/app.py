"""The console: one Textual app that draws the newest picture and turns keys into commands."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from textual import events, on, work
from textual.app import SuspendNotSupported
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Input

from saitotui.engine.replay import Replay
from saitotui.engine.runs.catalogue import catalogue
from saitotui.model.picture import Picture
from saitotui.model.screen import ScreenSpec
from saitotui.model.source import Faults, Source
from saitotui.ui import ssh
from saitotui.ui.acting import Acting, helping
from saitotui.ui.attention import Attention
from saitotui.ui.commands import ORDERS
from saitotui.ui.dialogues import Dialogues
from saitotui.ui.dispatch import OpenScreen, by_key, execute, fuzzy, offers
from saitotui.ui.draw.acts import NOTHING, Acts, Followed
from saitotui.ui.draw.header import footer, header, notice
from saitotui.ui.draw.help import Entry, help_page
from saitotui.ui.draw.overview import waiting
from saitotui.ui.draw.room import Room, side_width
from saitotui.ui.environment import wants_ascii, wants_color
from saitotui.ui.frame import Frame
from saitotui.ui.grid import Bar, Grid
from saitotui.ui.line import Line, Look, Page, paragraph, plain
from saitotui.ui.paint import Paint
from saitotui.ui.past import Past
from saitotui.ui.prompt import Prompt
from saitotui.ui.tasks import Tasks
from saitotui.ui.tidy import Tidy
from saitotui.ui.views import OVERVIEW, Kind, View, all_screens, crumbs, page_of, target_of

CHECK_EVERY = 5.0
"""Seconds between two looks at the clock: minutes pass and pictures grow old without any news."""

_log = logging.getLogger(__name__)


class Fresh(Message):
    """There is a newer picture. Carries nothing: whoever handles it takes the newest."""


class Console(Frame, inherit_bindings=False):
    """Draws what `source` publishes. It changes nothing itself: what acts is `acting` (None: nothing can, and
    `acts` is what is drawn of acting). `recorded` opens what was recorded (None: nothing is)."""

    def __init__(
        self,
        source: Source,
        screens: Sequence[ScreenSpec],
        *,
        faults: Faults | None = None,
        acting: Acting | None = None,
        acts: Acts = NOTHING,
        recorded: Callable[[], Replay] | None = None,
        initial: str = "",
        subject: str = "",
        clock: Callable[[], float] = time.time,
        zone: tzinfo | None = None,
        ascii_only: bool | None = None,
        color: bool | None = None,
        tidy: Tidy | None = None,
    ) -> None:
        poor = wants_ascii() if ascii_only is None else ascii_only or wants_ascii()
        super().__init__(Paint(poor, wants_color() if color is None else color))
        self._acting = Dialogues(acting, self) if acting is not None else None
        alone = isinstance(source, Replay)
        self._past = Past(recorded, self, clock, alone=alone) if recorded is not None else None
        self._posed = acts
        self._seen_moves = acts.moves
        self._source, self._faults = source, faults
        self._given_screens = tuple(screens)
        self._clock, self._zone, self._tidy = clock, zone, tidy
        self._picture: Picture | None = None
        self._stack: list[View] = [OVERVIEW]
        self._places: dict[View, str] = {}
        self._initial, self._subject = initial, subject
        self._wrong = False
        self._said: list[Line] = []
        self._pending = False
        self._attention = Attention()
        self._ticking: Timer | None = None
        self._tasks = Tasks(self)

    # --- what is on the screen

    def on_mount(self) -> None:
        self._source.listen(self._news)
        self.app_resume_signal.subscribe(self, lambda _: self.repaint())
        self.set_interval(CHECK_EVERY, self._check)
        self._ticking = self.set_interval(1.0, self._draw, pause=True)
        self._take()
        self.spawn(self._first_tick(), "tick")
        self.query_one("#main", Grid).focus()

    def _news(self) -> None:
        """Called on the source's thread: one message at most is under way, the latest picture wins."""
        if self._pending or not self._running:
            return
        self._pending = True
        try:
            self.post_message(Fresh())
        except RuntimeError:
            _log.debug("the console has already ended")

    @on(Fresh)
    def _fresh(self) -> None:
        self._take()

    def _check(self) -> None:
        """Draws again only when the words would differ: the header's minute, ages, an old picture."""
        self._draw()
        self.spawn(self._tick(), "tick")
        self.spawn(self._prepare(), "prepare")
        if self._tidy is not None:
            self._tidy.rest()

    async def _first_tick(self) -> None:
        """Says at the start what waits for somebody."""
        await self._tick()
        parked = [run for run in self._acting.acts.unfinished if run.parked] if self._acting else []
        if parked:
            name, more = parked[0].name, f", and {len(parked) - 1} more" if len(parked) > 1 else ""
            self.say(f"run {name} needs somebody ({parked[0].word}){more}: :attach {name}", wrong=True)

    async def _tick(self) -> None:
        """Sees how runs stand. One that moved changed the platform: slow questions do not wait their turn."""
        if self._acting is not None:
            await self._acting.tick()
            moved = self._acting.acts.moves
            if moved != self._seen_moves:
                self._seen_moves = moved
                self._source.refresh()
            self._draw()

    async def _prepare(self) -> None:
        """Asks the preflights of what is shown, as far as they are too old to be believed."""
        picture = self._picture
        if self._acting is None or picture is None or picture.restored or not picture.whole:
            return
        wanted = helping(picture)
        if self.view.kind is Kind.RUNBOOKS:
            wanted += [name for name in catalogue() if name not in wanted]
        if self.view.kind is Kind.PLAN and self.view.subject not in wanted:
            wanted.append(self.view.subject)
        if await self._acting.acting.prepare_old(wanted, picture):
            self._draw()

    def _take(self) -> None:
        self._pending = False
        first = self._picture is None
        self._picture = self.past_picture or self._source.picture
        if self._picture is not None:
            environment = self._picture.profile.environment
            if environment != self._paint.environment:
                self._repaint_with(Paint(self._paint.ascii_only, self._paint.color, environment))
            if first:
                self._open_first(self._picture)
            if self.past_picture is None:
                self.call(self._attention.news(self._picture))
        self._draw()

    async def on_unmount(self) -> None:
        self.call(self._attention.farewell)
        if self._acting is not None:
            await self._acting.aclose()

    def _open_first(self, picture: Picture) -> None:
        """The view that the command line asked for, once it is known what there is."""
        if self._initial not in ("", Kind.OVERVIEW.value):
            name = self._initial
            known = {screen.name for screen in self.screens} | {tier.tier for tier in picture.tiers}
            if name in [kind.value for kind in (Kind.MAP, Kind.LOG, Kind.RUNBOOKS, Kind.JOURNAL)]:
                self._stack.append(View(Kind(name)))
            elif name in known:
                self._stack.append(View(Kind.SCREEN, name))
            else:
                self.say(f"no screen {name[:30]!r}: : and Tab list them", wrong=True)
        if self._subject:
            self._stack.append(target_of(self._subject, picture) or OVERVIEW)

    def _room(self) -> Room:
        width, height = self.size
        acts = self._acting.acts if self._acting else self._posed
        past = self.past_picture
        if past is not None:
            # A run that waits for somebody must not be hidden by what was; nothing is planned on that.
            acts = replace(acts, able=False, armed=None, prepared={}, following=None)
        now = past.at if past is not None else self._clock()
        return Room(width, max(1, height - 2), now, self._zone, self.screens, acts)

    def _page(self, room: Room) -> Page:
        if self._picture is None:
            return waiting("the platform", [], room)
        try:
            if self.view.kind is Kind.HELP:
                return help_page(self._picture, self.view.subject, self._entries(), room)
            return page_of(self.view, self._picture, room, wrong=self._wrong, words=self._words)
        except Exception as error:  # one view that cannot be drawn must not take the others away
            _log.exception("%s cannot be drawn", self.view)
            words = f"This view cannot be drawn, a defect of this console: {type(error).__name__}: {error}"
            return Page((*paragraph(words, room.width, Look.UNKNOWN), plain("0 opens the overview")))

    def _draw(self, *, top: bool = False, key: str | None = None) -> None:
        """Gives every widget its lines; each repaints the cells that differ."""
        if not self._running or not self.size.width:
            return
        room = self._room()
        page = self._page(room)
        main, side = self.query_one("#main", Grid), self.query_one("#side", Grid)
        if side.display != bool(page.side):
            side.display = bool(page.side)
        if page.side:
            side.styles.width = side_width(room.width)
        if not page.side and self._active == "side":
            self._activate("main")
        main.show(page.main, top=top, key=key)
        side.show(page.side, top=top)
        self.query_one("#header", Bar).show(
            [header(self._picture, room, filters=self._badges(), crumbs=crumbs(self._stack))]
        )
        self._draw_footer(room)
        self._tick_while_it_runs(room.acts.followed)

    def _tick_while_it_runs(self, run: Followed | None) -> None:
        """Seconds are worth their bytes while a stage runs on the screen, and only then."""
        runs = run is not None and run.live and run.where.waiting is None and run.where.result is None
        if self._ticking is not None:
            if runs and self.view.kind is Kind.RUN:
                self._ticking.resume()
            else:
                self._ticking.pause()

    def _badges(self) -> list[str]:
        past = [self._past.badge] if self._past is not None and self._past.badge else []
        return [
            *past,
            *(["ONLY WRONG"] if self._wrong else []),
            *([f"/{self._words[:16]}"] if self._words else []),
        ]

    def _draw_footer(self, room: Room | None = None) -> None:
        room = room or self._room()
        grid = self._grid
        hints = [(order.key_text(), order.footer) for order in ORDERS if order.hinted(self)]
        rest = f"{grid.below} more below" if grid.below else ""
        lines = self._said or [footer(hints, room, rest)]
        bar = self.query_one("#footer", Bar)
        if len(bar.lines) != len(lines):
            bar.styles.height = len(lines)
        bar.show(lines)

    @on(Grid.Moved)
    def _moved(self, event: Grid.Moved) -> None:
        self._draw_footer()

    @on(Grid.Opened)
    def _opened(self, event: Grid.Opened) -> None:
        self.open_key(event.key)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    # --- keys and the prompt

    async def on_key(self, event: events.Key) -> None:
        if self._tidy is not None:
            self._tidy.typed()
        character = event.character if event.is_printable else None
        if self._prompt.kind:
            if character and not self._prompt.field.has_focus:
                self._prompt.field.insert_text_at_cursor(character)
            return
        order = by_key(self, character or event.key) or by_key(self, event.key)
        if order is None:
            return
        event.stop()
        event.prevent_default()
        self._said = []
        if isinstance(order, OpenScreen):
            self.open(order.view)
        else:
            order.run(self)
        self._draw_footer()

    def prompt(self, kind: str) -> None:
        self._said = []
        self._show_prompt()
        self._prompt.open(kind, self._words if kind == "/" else "")
        self._propose()

    def _propose(self) -> None:
        text = self._prompt.field.value
        found = {":": offers, "?": fuzzy}.get(self._prompt.kind)
        self._prompt.propose(found(self, text) if found else [], self.size.width)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if self._prompt.kind == "/":
            self._words = event.value.strip()
            self._draw(top=True)
        elif self._prompt.kind in (":", "?"):
            self._propose()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        kind, answer = self._prompt.kind, self._prompt.answer
        if kind == "ask":
            self._answer(answer)
            return
        self._close_prompt()
        if kind != "/":
            execute(self, answer)
        self._draw()

    @on(Prompt.Left)
    def _left(self, event: Prompt.Left) -> None:
        if self._prompt.kind == "/":
            self._words = ""
        self._answer("")
        self._draw()

    # --- what commands may use (commands.Desk)

    @property
    def source(self) -> Source:
        return self._source

    @property
    def acting(self) -> Dialogues | None:
        """Nobody acts on what was."""
        return self._acting if self.past_picture is None else None

    @property
    def past(self) -> Past | None:
        return self._past

    @property
    def past_picture(self) -> Picture | None:
        return self._past.picture if self._past is not None else None

    @property
    def width(self) -> int:
        return self.size.width

    def redraw(self) -> None:
        """Draws soon, once for everything that happens until then."""
        self._news()

    def spawn(self, work: Coroutine[Any, Any, None], once: str = "") -> None:
        self._tasks.spawn(work, once)

    @property
    def faults(self) -> Faults | None:
        return self._faults

    @property
    def screens(self) -> Sequence[ScreenSpec]:
        return all_screens(self._picture, self._given_screens)

    @property
    def picture(self) -> Picture | None:
        return self._picture

    @property
    def view(self) -> View:
        return self._stack[-1]

    def _entries(self) -> list[Entry]:
        entries = [
            Entry(order.key_text(), f"{order.name} {order.takes}".strip(), order.summary)
            for order in ORDERS
            if order.available(self)
        ]
        opens = [OpenScreen(screen) for screen in self.screens]
        return [*entries, *(Entry(" ".join(o.keys), o.name, o.summary) for o in opens)]

    def open(self, view: View) -> None:
        """Opens `view` over what is open; the overview is the bottom of the pile."""
        if view == self.view:
            return
        self._places[self.view] = self.query_one("#main", Grid).key
        self._words = ""
        if view == OVERVIEW:
            self._stack = [OVERVIEW]
        else:
            self._stack = [*(old for old in self._stack[-30:] if old != view), view]
        self._activate("main")
        self._draw(top=True)
        if self._acting is not None:
            self._acting.opened(view)
            self.spawn(self._prepare(), "prepare")

    def open_key(self, key: str) -> None:
        view = target_of(key, self._picture) if self._picture else None
        if view is not None:
            self.open(view)

    def back(self) -> bool:
        """Takes filters away, else goes back one view; False when there is nothing to go back from."""
        if self._words or self._wrong:
            self._words, self._wrong = "", False
            self._draw()
            return True
        if len(self._stack) < 2:
            return False
        self._stack.pop()
        self._activate("main")
        if self._acting is not None:
            self._acting.opened(self.view)
        self._draw(top=True, key=self._places.get(self.view, ""))
        return True

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        self._said = notice(sentence, self._room(), wrong=wrong)
        if self._running:
            self._draw_footer()

    def toggle_wrong(self) -> None:
        self._wrong = not self._wrong
        self._draw(top=True)

    def find(self, step: int) -> None:
        if not self._words:
            self.say("nothing to look for: / and some letters first")
        elif not self._grid.find(self._words, step):
            self.say(f"nothing here contains {self._words[:30]!r}")

    def shell(self, host: str) -> None:
        """Lends the terminal to ssh, and draws everything anew afterwards."""
        if self._picture is None or host not in self._picture.profile.hosts:
            self.say(f"no host {host[:30]!r} in the profile", wrong=True)
            return
        try:
            with self.suspend():
                status = ssh.shell(self._picture.profile, host)
        except (OSError, ValueError, SuspendNotSupported) as error:
            self.say(f"no shell on {host}: {error}", wrong=True)
        else:
            self.say(f"back from {host} (ssh ended with {status})", wrong=status == 255)
        self.repaint()

    def inject(self, name: str, target: str) -> None:
        self._fault(lambda faults: faults.inject(name, target))

    def heal(self, target: str) -> None:
        self._fault(lambda faults: faults.heal(target))

    @work(exit_on_error=False, group="faults")
    async def _fault(self, act: Callable[[Faults], str]) -> None:
        if self._faults is None:
            return
        try:
            sentence = await asyncio.to_thread(act, self._faults)
        except ValueError as error:
            self.say(str(error), wrong=True)
        else:
            self.say(sentence)

    def leave(self) -> None:
        """Ends the console; runs go on, and that is said."""
        runs = self._acting.acts.unfinished if self._acting else ()
        told = [f"run {run.name} goes on without it: saitotui attach {run.name}" for run in runs]
        self.exit(message="\n".join(told) if told else None)
