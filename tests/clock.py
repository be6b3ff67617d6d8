"""A clock that tests set, in Shanghai time."""

import datetime as dt
from unittest.mock import patch
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def moment(text):
    """ "2026-09-30 23:59:59" in Shanghai."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def at(text):
    """Inside this block it is `text` in Shanghai."""
    return patch("django.utils.timezone.now", return_value=moment(text))
