"""Pasted text of a roster (WeChat, Word, WPS) into rows for a preview that a person corrects; no database, no Django."""

from organizations.roster_text.drafts import Doubt, Ignored, ParsedRoster, RosterRow
from organizations.roster_text.reading import parse_roster
from organizations.roster_text.values import normal_phone
from organizations.roster_text.words import DEFAULT_POSTS

__all__ = ["DEFAULT_POSTS", "Doubt", "Ignored", "ParsedRoster", "RosterRow", "normal_phone", "parse_roster"]
