"""Global search: areas, organizations, people on rosters, stations, sites, units and pages, each within its own scope."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from organizations.models import Area, Membership, Organization, Person, Unit
from outreach.models import Site, Station
from portal.kit.pinyin import spelling
from portal.kit.scope import permission_for

LONGEST = 50
PAGE, PALETTE = 50, 8


@dataclass(frozen=True)
class Hit:
    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `more` says that there is more than is shown."""

    label: str
    hits: list[Hit]
    more: bool = False


def words_of(text: str) -> list[str]:
    """The words that were typed: half-width, lower case, without characters that nobody sees."""
    folded = unicodedata.normalize("NFKC", text)[:LONGEST].lower()
    return "".join(
        char for char in folded if unicodedata.category(char) not in {"Cc", "Cf", "Cs"} or char == " "
    ).split()


def found(user: Any, text: str, pages: Iterable[tuple[str, str]], most: int = PAGE) -> list[Group]:
    """Everything that every word fits, by kind; at most `most` of a kind. pages: (label, address) of the user's menu."""
    words = words_of(text)
    if not words:
        return []
    groups = [
        Group("页面", [Hit(label, "", url) for label, url in pages if _fits(words, label, spelling(label))][:most])
    ]
    groups += [_group(model, user, words, most) for model in (Area, Organization, Person, Station, Site, Unit)]
    return [group for group in groups if group.hits]


def _group(model: Any, user: Any, words: list[str], most: int) -> Group:
    label = {Person: "人员"}.get(model, str(model._meta.verbose_name))
    if not user.has_perm(permission_for(model, "view")):
        return Group(label, [])
    rows = list(_asked(model, words).permitted(user)[: most + 1])
    rows.sort(key=lambda row: _rank(row, words[0]))
    return Group(label, [_hit(row, user) for row in rows[:most]], len(rows) > most)


def _asked(model: Any, words: list[str]) -> QuerySet:
    fields = {
        Area: ("name", "pinyin", "code"), Unit: ("name", "area__pinyin"), Person: ("name", "pinyin", "area__name"),
    }.get(model, ("name", "pinyin", "area__name"))  # fmt: skip
    rows = model.objects.all()
    for word in words:
        one = Q()
        for name in fields:
            one |= Q(**{f"{name}__{'endswith' if name == 'code' else 'icontains'}": word})
            if name == "code":
                one |= Q(code__startswith=word)
        rows = rows.filter(one)
    if model is Area:
        return rows.select_related("parent").order_by("until", "level", "tree_code")
    if model is Unit:
        return rows.in_force().select_related("area")
    if model is Person:
        posts = Membership.objects.in_force().filter(person=OuterRef("pk")).order_by("number", "pk")
        names = {"post": Subquery(posts.values("post")[:1]), "host": Subquery(posts.values("organization__name")[:1])}
        return rows.current().select_related("area").annotate(**names)
    return rows.in_force().select_related("area__parent")


def _rank(row: Any, word: str) -> tuple[bool, int, str]:
    """Closed ones last; then the exact name, its beginning, the beginning of its pinyin or initials, the rest."""
    name, pinyin = row.name.lower(), getattr(row, "pinyin", "")
    begins = any(part.startswith(word) for part in pinyin.split())
    place = 0 if name == word else 1 if name.startswith(word) else 2 if begins else 3
    closed = isinstance(row, Area) and row.until is not None
    return closed, place, name


def _hit(row: Any, user: Any) -> Hit:
    if isinstance(row, Area):
        note = f"{row.parent or ''} {row.code}".strip() + ("（已撤销）" if row.until else "")
        counted = not row.until and user.has_perm("organizations.view_coveragegoal")
        return Hit(
            row.name, note, reverse("dashboards:coverage_area", args=[row.pk]) if counted else row.get_absolute_url()
        )
    if isinstance(row, Person):
        return Hit(row.name, f"{row.host} {row.post}" if row.host else str(row.area), row.get_absolute_url())
    if isinstance(row, Unit):
        return Hit(row.name, row.get_kind_display(), row.get_absolute_url())
    above = f"{row.area.parent} " if row.area.parent and row.area.level > 2 else ""
    return Hit(row.name, f"{above}{row.area} · {row.get_kind_display()}", row.get_absolute_url())


def _fits(words: list[str], *texts: str) -> bool:
    return all(any(word in text.lower() for text in texts) for word in words)
