"""Global search: areas, registers, people on rosters, contacts, units and pages, each within its own scope."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from organizations.models import Area, Membership, Organization, Person, Unit
from outreach.models import Contact, ContactRole, Enterprise, PublicRole, Site, Station
from portal.kit.pinyin import spelling
from portal.kit.scope import permission_for

LONGEST = 50
PAGE, PALETTE = 50, 8
REGISTERS: tuple[Any, ...] = (Organization, Station, Site, Enterprise)  # found together, in one query


class Placed(NamedTuple):
    """What the search shows of a register's row."""

    model: str
    pk: int
    name: str
    pinyin: str
    kind: str
    area: str
    level: int
    parent: str | None


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
    placed = _registers(user, words, most)
    for model in (Area, Organization, Person, Contact, Enterprise, Station, Site, Unit):
        if user.has_perm(permission_for(model, "view")):
            rows = placed[model] if model in placed else list(_asked(model, words).permitted(user)[: most + 1])
            groups.append(_group(model, rows, user, words, most))
    return [group for group in groups if group.hits]


def _group(model: Any, rows: list[Any], user: Any, words: list[str], most: int) -> Group:
    label = {Person: "人员"}.get(model, str(model._meta.verbose_name))
    rows.sort(key=lambda row: _rank(row, words[0]))
    return Group(label, [_hit(row, user) for row in rows[:most]], len(rows) > most)


def _registers(user: Any, words: list[str], most: int) -> dict[Any, list[Placed]]:
    """The rows of each register that `user` may see, one more than `most` of each, in one query."""
    mine = [model for model in REGISTERS if user.has_perm(permission_for(model, "view"))]
    first, *others = [_numbered(model, user, words, most) for model in mine] or [None]
    found: dict[Any, list[Placed]] = {model: [] for model in mine}
    by_name = {model._meta.model_name: model for model in mine}
    for row in first.union(*others, all=True) if first is not None else ():
        found[by_name[row[0]]].append(Placed(*row[:-1]))
    return found


def _numbered(model: Any, user: Any, words: list[str], most: int) -> QuerySet:
    """Rows as `Placed` with their place in the order: SQLite takes no limit within a UNION, a window it does."""
    rows = _asked(model, words).permitted(user).select_related(None).order_by()
    place = Window(RowNumber(), order_by=[F("name").asc(), F("pk").asc()])
    columns = ("pk", "name", "pinyin", "kind", "area__name", "area__level", "area__parent__name")
    rows = rows.annotate(_model=Value(model._meta.model_name), _place=place).filter(_place__lte=most + 1)
    return rows.values_list("_model", *columns, "_place")


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
    if model is Contact:
        held = ContactRole.objects.in_force().filter(contact=OuterRef("pk")).order_by("-since", "pk")
        names = {"role": Subquery(held.values("role")[:1]), "host": Subquery(held.values("enterprise__name")[:1])}
        return rows.usable().select_related("area").annotate(**names).exclude(role=None)
    return rows.in_force()


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
    if isinstance(row, Contact):
        return Hit(row.name, f"{row.host or row.area} · {PublicRole(row.role).label}", row.get_absolute_url())
    above = f"{row.parent} " if row.parent and row.level > 2 else ""
    model = next(model for model in REGISTERS if model._meta.model_name == row.model)
    url = reverse(f"{model._meta.label_lower.replace('.', ':')}_detail", args=[row.pk])
    return Hit(row.name, f"{above}{row.area} · {model.Kind(row.kind).label}", url)


def _fits(words: list[str], *texts: str) -> bool:
    return all(any(word in text.lower() for text in texts) for word in words)
