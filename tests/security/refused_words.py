"""What is never kept about a person, as words, and everything in the project that names something a user can fill in or read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import django_filters
from django import forms
from django.apps import apps
from django.db import models
from rest_framework import serializers

from portal.exchange.registers import WORKBOOKS
from portal.kit.checks import OWN_APPS, routes
from portal.kit.tables import Table

FRIENDS = Path(__file__).with_name("false_friends.txt")
# security.md 16, domain.md ("Never in the system"): category → words; Latin ones are whole words of a name
REFUSED = {
    "宗教信仰": ["宗教", "信仰", "教徒", "zongjiao", "xinyang", "religion", "religious", "belief", "faith", "church"],
    "民族": ["民族", "族别", "minzu", "ethnic", "ethnicity", "nationality", "race"],
    "政治观点": ["政治面貌", "政治倾向", "政治观点", "党派", "zhengzhi", "political", "politics", "party", "opinion"],
    "健康和家庭": ["健康", "病史", "残疾", "婚姻", "配偶", "子女情况", "家庭成员", "jiankang", "hunyin", "health", "marital",
              "spouse", "family", "disability"],
    "生物识别": ["人脸", "指纹", "声纹", "虹膜", "biometric", "biometrics", "fingerprint", "face", "iris", "voiceprint"],
    "证件和财产号码": ["身份证", "护照", "银行卡", "车牌", "shenfenzheng", "idcard", "passport", "bank", "plate", "ssn"],
    "住址和行踪": ["住址", "家庭地址", "行踪", "轨迹", "定位", "经纬度", "zhuzhi", "location", "gps", "latitude", "longitude",
              "whereabouts", "track"],
    "上网和社交账号": ["微信", "微博", "抖音", "上网", "网络活动", "社交账号", "weixin", "wechat", "weibo", "qq", "online",
                "browsing"],
    "对个人的评价": ["重点人", "风险", "画像", "标签", "积分", "信用分", "黑名单", "敏感人员", "watchlist", "blacklist", "risk",
              "portrait", "tag", "tags", "label", "labels"],
    "监控": ["监控", "监视", "布控", "surveillance", "monitoring", "watch"],
}  # fmt: skip
LATIN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def hits(text: str) -> set[str]:
    """The refused words in a name or a label; Chinese ones anywhere, Latin ones as whole words of snake_case or camelCase."""
    parts = [part.lower() for part in LATIN.findall(text)]
    latin = {*parts, *map("".join, pairwise(parts))}  # "id_card" is "idcard" too
    every = [word for words in REFUSED.values() for word in words]
    return {word for word in every if (word in latin if word.isascii() else word in text)}


def friends() -> dict[tuple[str, str], str]:
    """(where, word) → why it says nothing about a person."""
    lines = [line for line in FRIENDS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        where, word, why = line.split(" | ")
        found[where, word] = why
    return found


def named(user: Any, asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(where, what is said there) of every model, form, filter, table, serializer and import column.

    asked: what a workbook must be told first, such as the quarter of a score sheet.
    """
    for _, _, callback in routes():  # so that every module of a page is loaded
        import_module(callback.__module__)
    for label in sorted(OWN_APPS & set(apps.app_configs)):
        for model in apps.get_app_config(label).get_models():
            yield from of_model(model)
    for kind, of_class in (
        (forms.BaseForm, of_form), (django_filters.FilterSet, of_filters), (Table, of_table),
        (serializers.Serializer, of_serializer),
    ):  # fmt: skip
        for found in sorted(below(kind), key=lambda one: f"{one.__module__}.{one.__qualname__}"):
            yield from of_class(found)
    for workbook in WORKBOOKS.values():
        yield from of_workbook(workbook(user, asked))


def of_model(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    where = model._meta.label
    yield where, f"{model.__name__} {model._meta.verbose_name}"
    for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
        yield f"{where}.{field.name}", _said(field.name, field.verbose_name, field.help_text, _choices(field.choices))


def of_form(form: type[forms.BaseForm]) -> Iterator[tuple[str, str]]:
    for name, field in form.base_fields.items():
        listed = () if isinstance(field, forms.ModelChoiceField) else getattr(field, "choices", ())
        yield f"{form.__qualname__}.{name}", _said(name, field.label, field.help_text, _choices(listed))


def of_filters(filters: type[django_filters.FilterSet]) -> Iterator[tuple[str, str]]:
    for name, one in filters.base_filters.items():
        yield f"{filters.__qualname__}.{name}", _said(name, one.extra.get("label") or one._label)


def of_table(table: type[Table]) -> Iterator[tuple[str, str]]:
    for name, column in table.base_columns.items():
        yield f"{table.__qualname__}.{name}", _said(name, column.label)


def of_serializer(serializer: type[serializers.Serializer]) -> Iterator[tuple[str, str]]:
    if not hasattr(serializer, "Meta") or getattr(serializer.Meta, "model", None) is None:
        declared: Any = serializer._declared_fields
    else:
        declared = serializer().get_fields()
    for name, field in declared.items():
        yield f"{serializer.__qualname__}.{name}", _said(name, getattr(field, "label", None), field.help_text)


def of_workbook(workbook: Any) -> Iterator[tuple[str, str]]:
    for column in workbook.columns:
        said = _said(column.name, column.label, column.help, " ".join(column.synonyms), _choices(column.choices))
        yield f"{type(workbook).__qualname__}.{column.name}", said


def _choices(choices: Any) -> str:
    flat: Iterable[Any] = choices() if callable(choices) else choices or ()
    return " ".join(f"{value} {label}" for value, label in flat if not isinstance(label, list | tuple))


def _said(*words: Any) -> str:
    return " ".join(str(word) for word in words if word)


def below(kind: type) -> set[type]:
    """The project's own classes below a kind."""
    found = set()
    for one in kind.__subclasses__():
        found |= below(one)
        if one.__module__.partition(".")[0] in {"portal", "organizations", "outreach", "assessments"}:
            found.add(one)
    return found
