"""All commands of the console, in the order in which help lists them."""

from __future__ import annotations

from saitotui.ui import act_orders as act
from saitotui.ui import look_orders as look
from saitotui.ui import move_orders as move
from saitotui.ui import past_orders as past
from saitotui.ui.order import Desk, Order

__all__ = ["ORDERS", "Desk", "Order"]

ORDERS: tuple[Order, ...] = tuple(
    kind()
    for kind in (
        *(act.Begin, act.Continue, act.Undo, act.Abandon, act.StopWaiting, act.Take, act.Verify),
        *(past.Earlier, past.Later, past.MinuteEarlier, past.MinuteLater, past.Live),
        *(look.Open, look.Back, look.Filter, look.Wrong, look.CommandLine, look.Help, look.Overview),
        *(look.Map, look.Tail, move.Right, look.Log, look.Runbooks, look.Raw, look.Goto, look.WhatIf),
        *(act.Arm, act.Disarm, act.Plan, act.Attach, act.Release, act.Resume, act.Approve),
        *(act.Journal, act.Evidence),
        past.At,
        *(look.Next, look.Previous, look.Palette, look.Pause, look.Refresh, look.Shell),
        *(look.Fault, look.Heal, look.Quit, look.Interrupt, look.Suspend),
        *(move.Down, move.Up, move.Left, move.HalfDown, move.HalfUp, move.Top, move.Bottom, move.Other),
    )
)
