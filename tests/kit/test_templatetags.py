"""The components: what they say, and that generic pages open with their doctype."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.template.loader import render_to_string
from django.utils import timezone

from portal.kit.templatetags.kit import days_left, figure, points, shown, whole_percent


@pytest.mark.parametrize(
    ("days", "text", "tone"),
    [(-2, "已超期 2 天", "red"), (0, "今天", "red"), (1, "明天", "red"), (3, "3 天", "amber"), (12, "12 天", "blue")],
)
def test_a_date_is_told_in_days_from_today(days, text, tone):
    assert days_left(timezone.localdate() + dt.timedelta(days)) == {"text": text, "tone": tone}


@pytest.mark.parametrize(
    ("achieved", "target", "percent"), [(275, 297, 93), (1, 200, 1), (1, 201, 0), (0, 0, 0), (Decimal("2.5"), 4, 63)]
)
def test_a_percentage_is_whole_and_half_goes_up(achieved, target, percent):
    assert whole_percent(achieved, target) == percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (Decimal(0), "0"),
        (False, "否"),
        (True, "是"),
        (None, "—"),
        ("", "—"),
        (dt.date(2026, 9, 30), "2026-09-30"),
    ],
)
def test_a_detail_page_tells_zero_and_no_from_nothing(value, text):
    assert shown(value) == text


@pytest.mark.parametrize(("value", "text"), [(Decimal("5.50"), "5.5"), (Decimal(100), "100"), (None, "")])
def test_points_have_no_trailing_zeros(value, text):
    assert points(value) == text


def test_a_figure_has_a_bar_only_out_of_a_total():
    assert figure("自评", 7, total=10)["has_bar"]
    assert not figure("自评", 7)["has_bar"]
    assert not figure("自评", "7 项", total="10 项")["has_bar"]
    assert not figure("自评", 0, total=0)["has_bar"]


def test_text_in_a_component_is_escaped():
    page = Template("{% load kit %}{% badge text 'red' %}{% notice text %}{% include 'components/facts.html' %}")
    html = page.render(Context({"text": "<b>", "fields": [("名称", "<i>", None)]}))
    assert "<b>" not in html
    assert "<i>" not in html


def test_a_wrong_field_points_at_its_error():
    class NameForm(forms.Form):
        name = forms.CharField(label="名称", help_text="与公章一致。")

    html = Template("{% load kit %}{% form_errors form %}{% field form.name %}").render(Context({"form": NameForm({})}))
    assert 'href="#id_name"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "503"])
def test_an_error_page_needs_nothing_to_say_what_to_do(name):
    html = render_to_string(f"{name}.html")
    assert html.lstrip().startswith("<!doctype html>")
    assert "<h1>" in html
    assert 'class="btn btn-primary"' in html


def test_a_comment_of_a_template_ends_on_its_line():
    """A comment of two lines is none to Django: it would stand before the doctype."""
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert line.count("{#") == line.count("#}"), f"{path.name}:{number}"


def test_styles_of_every_page_stay_small():
    linked = re.findall(r"css/[\w-]+\.css", (settings.BASE_DIR / "templates" / "base.html").read_text(encoding="utf-8"))
    assert len(linked) > 2
    assert sum((settings.BASE_DIR / "static" / name).stat().st_size for name in linked) < 32_000
