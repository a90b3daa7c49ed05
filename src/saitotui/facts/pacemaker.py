"""pacemaker as a node sees it: `crm_mon --output-as=xml` (2.0 and newer; schema `crm_mon`)."""

from __future__ import annotations

STATUS = "timeout -k 1 4 crm_mon --output-as=xml"
"""XML implies one shot, with stopped resources and failed actions."""
