"""Stations, sites, brands, outposts and duty posts: what must hold besides the models, closing, reopening, removing."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat, JSONObject
from django.utils import timezone

from organizations.models import Area, Attachment, Check, FormerPlace, Level, Unit
from organizations.services.places import below
from outreach.models import Activity, Brand, Demonstration, Site, Station
from portal.kit import saving
from portal.kit.scope import ancestor_codes, code_range, permission_for

LINKS: dict[type[models.Model], str] = {
    Station: "station",
    Site: "site",
    Brand: "brand",
}  # how an activity names its place

MOST_MOVES = 3  # how many former places a page names


def covers(user: Any, obj: Any, action: str = "view") -> bool:
    """Whether `user` may do `action` to an area, a unit or a placed row whose area is loaded; costs no query."""
    reach = user.reach(permission_for(obj, action))
    area = obj if isinstance(obj, Area) else obj.area
    unit = obj.pk if isinstance(obj, Unit) else getattr(obj, "unit_id", None)
    return bool(reach.covers(area.tree_code) or unit in reach.units)


def parents_for(user: Any, permission: str) -> QuerySet[Station]:
    """Stations to which a point of `user` may belong: of its own township and of county bodies.

    A village's liaison reaches no station by scope and must be able to name the township's: this one list is wider.
    """
    reach = user.reach(permission)
    stations: QuerySet[Station] = Station.objects.in_force().filter(kind=Station.Kind.STATION).select_related("area")
    if reach.everything:
        return stations
    above = {code for low in reach.codes for code in ancestor_codes(low)}
    return stations.filter(Q(area__tree_code__in=above) | below(reach.codes, "area__tree_code"))


def check_place(obj: Any, *, has_points: bool = True) -> None:
    """What must hold between a row, its host and its parent; ValidationError by field.

    has_points: whether a station may have points, which costs a query.
    """
    problems: dict[str, str] = {}
    area: Area = obj.area
    if getattr(obj, "since", None) and obj.since > timezone.localdate():
        problems["since"] = "日期不能晚于今天；到了那天再登记。"
    if obj.unit and not _is_in(area, obj.unit.area):
        problems["unit"] = f"{obj.unit}属于{obj.unit.area}，不能主管设在{area}的。"
    organization = getattr(obj, "organization", None)
    if organization and organization.area.tree_code[:6] != area.tree_code[:6]:
        problems["organization"] = f"{organization}不在同一个县（市）。"
    if isinstance(obj, Station):
        problems |= (_points_left_behind(obj) if obj.pk and has_points else {}) or _station_problems(obj)
    if isinstance(obj, Site):
        problems |= _site_problems(obj)
    if problems:
        raise ValidationError(problems)


def uses_of(obj: Any) -> list[str]:
    """What hangs on a row, in words; an empty list means that it may be deleted."""
    found: list[tuple[str, int]] = []
    label = obj._meta.label_lower
    if type(obj) in LINKS:
        found.append(("条活动记录", Activity.objects.filter(**{LINKS[type(obj)]: obj}).count()))
    if isinstance(obj, Station | Site):
        found.append(("项示范创建", Demonstration.objects.filter(**{LINKS[type(obj)]: obj}).count()))
    if isinstance(obj, Station):
        found.append(("个所属联络点", obj.points.count()))
    found.append(("次标准核查", Check.objects.about(obj).count()))
    found.append(("个附件", Attachment.objects.about(obj).count()))
    found.append(("条区划变更沿革", FormerPlace.objects.filter(register=label, object_id=obj.pk).count()))
    return [f"{number} {words}" for words, number in found if number]


@transaction.atomic
def delete_place(obj: Any, *, by: Any) -> None:
    """Remove a row that nothing uses; a row in use is refused with the reason and the way out."""
    obj = type(obj).objects.select_for_update().get(pk=obj.pk)
    if used := uses_of(obj):
        raise ValidationError(f"不能删除：这条记录已有 {'、'.join(used)}。不再使用时请办理“停用”，记录会保留。")
    saving.delete(obj, by=by)


@transaction.atomic
def close_place(
    obj: Any, *, until: dt.date, reason: str, by: Any, expected: int | None = None, heir: Station | None = None
) -> Any:
    """Close a row after `until` (its last day); the points of a closed station go to `heir`."""
    row = type(obj).objects.select_for_update().get(pk=obj.pk)
    if row.until is not None:
        raise ValidationError(f"已于 {row.until} 停用，不用再办。")
    if until > timezone.localdate():
        raise ValidationError({"until": "停用日期不能晚于今天。"})
    if until < row.since:
        raise ValidationError({"until": f"停用日期不能早于启用日期 {row.since}。"})
    _refuse_later_activities(row, until)
    row.until = until
    saving.save(row, by=by, expected=expected, reason=reason)
    if isinstance(row, Station):
        _hand_over(row, heir, by)
    return row


@transaction.atomic
def reopen_place(obj: Any, *, reason: str, by: Any, expected: int | None = None) -> Any:
    """Take a closed row back into use; refused where another of its name has taken its place."""
    row = type(obj).objects.select_for_update().get(pk=obj.pk)
    if row.until is None:
        raise ValidationError("正在使用，不用恢复。")
    if row.area.until is not None:
        raise ValidationError(f"{row.area}已撤销，不能恢复使用。请在承接的区划新登记一条。")
    row.until = None
    try:
        row.full_clean()
        check_place(row)
    except ValidationError as error:
        raise ValidationError(error.messages) from error
    return saving.save(row, by=by, expected=expected, reason=reason)


def open_points(station: Any) -> QuerySet[Station]:
    """The points that belong to a station today."""
    return Station.objects.filter(parent=station, until=None).select_related("area__parent", "unit", "parent")


def with_former_places(queryset: Any) -> Any:
    """Annotate `former_0` to `former_2`: "2020-01-01 至 2021-12-31 乙镇", the last places first; no query of its own."""
    label = queryset.model._meta.label_lower
    text = Concat(
        Cast("since", CharField()), Value(" 至 "), Cast("until", CharField()), Value(" "), "area__name",
        output_field=CharField(),
    )  # fmt: skip
    moved = FormerPlace.objects.filter(register=label, object_id=OuterRef("pk")).order_by("-since").annotate(text=text)
    return queryset.annotate(**{f"former_{n}": Subquery(moved.values("text")[n : n + 1]) for n in range(MOST_MOVES)})


def with_last_demonstration(queryset: Any) -> Any:
    """Annotate `last_demonstration`: the newest attempt of a station or a site as plain values, None for none."""
    link = LINKS[queryset.model]
    rows = Demonstration.objects.filter(**{link: OuterRef("pk")}).order_by("-applied_on", "-pk")
    award: Any = Demonstration._meta.get_field("award")
    choices = {"award": award.flatchoices, "state": Demonstration.State.choices}
    labels = {
        f"{name}_label": Case(*(When(**{name: value}, then=Value(str(label))) for value, label in pairs))
        for name, pairs in choices.items()
    }
    columns = [
        "pk",
        "state",
        "applied_on",
        "named_on",
        "named_by",
        "next_review_on",
        "withdrawn_on",
        "withdrawn_reason",
    ]
    said = JSONObject(**labels, **{name: name for name in columns})
    return queryset.annotate(last_demonstration=Subquery(rows.values(said=said)[:1]))


def with_place_on(queryset: Any, on: dt.date) -> Any:
    """Annotate `place_then`: where a row stood on `on`, None where it stands there still."""
    moved = FormerPlace.objects.filter(
        register=queryset.model._meta.label_lower, object_id=OuterRef("pk"), since__lte=on, until__gte=on
    )
    village = Concat("area__parent__name", Value(" "), "area__name", output_field=CharField())
    name = Case(When(area__level=Level.VILLAGE, then=village), default=F("area__name"), output_field=CharField())
    return queryset.annotate(place_then=Subquery(moved.annotate(name=name).values("name")[:1]))


def missing_parts(outpost: Any) -> str:
    """What an outpost of 三区一企 still lacks: 完整, or "缺分管领导、职责清单"."""
    parts = {"分管领导": outpost.leader, "落实人员": outpost.doer, "职责清单": outpost.duties}
    lacking = [label for label, text in parts.items() if not text]
    return f"缺{'、'.join(lacking)}" if lacking else "完整"


def four_haves(brand: Any) -> str:
    """What a service brand still lacks of 目标、载体、成效、特色."""
    parts = {"目标": brand.goal, "载体": brand.carrier, "成效": brand.results, "特色": brand.features}
    lacking = [label for label, text in parts.items() if not text]
    return f"缺{'、'.join(lacking)}" if lacking else "齐全"


def _is_in(area: Area, above: Area) -> bool:
    lo, hi = code_range(above.tree_code)
    return lo <= area.tree_code < hi


def _station_problems(station: Station) -> dict[str, str]:
    if station.kind == Station.Kind.STATION:
        if station.area.level == Level.COUNTY and station.unit is None:
            return {"unit": "设在县（市）一级的联络站，请选择主管单位。"}
        return {}
    parent = station.parent
    if parent is None:
        return {}
    if parent.kind != Station.Kind.STATION:
        return {"parent": f"{parent}是联络点，不能作为上级站。"}
    if parent.until and station.until is None:
        return {"parent": f"{parent}已于 {parent.until} 停用，请改选正在使用的联络站。"}
    if not _is_in(station.area, parent.area):
        return {"parent": f"{parent}设在{parent.area}；请选择本乡镇或市（县）直单位的联络站。"}
    return {}


def _points_left_behind(station: Station) -> dict[str, str]:
    """A station with points stays one, above all of them."""
    codes = list(Station.objects.filter(parent=station, until=None).values_list("area__tree_code", flat=True))
    if codes and station.kind == Station.Kind.POINT:
        return {"kind": f"还有 {len(codes)} 个联络点归这个站，不能改为联络点；请先给它们改选所属联络站。"}
    lo, hi = code_range(station.area.tree_code)
    outside = sum(not lo <= code < hi for code in codes)
    return {"area": f"还有 {outside} 个所属联络点不在{station.area}；请先给它们改选所属联络站。"} if outside else {}


def _site_problems(site: Site) -> dict[str, str]:
    problems: dict[str, str] = {}
    if site.kind == Site.Kind.PLATFORM and not site.platform:
        problems["platform"] = "请选择平台名目；名单里没有的选“其他平台”。"
    if site.award_year and not 1949 <= site.award_year <= timezone.localdate().year:
        problems["award_year"] = f"年份应在 1949 到 {timezone.localdate().year} 之间。"
    return problems


def _refuse_later_activities(row: models.Model, until: dt.date) -> None:
    """An activity cannot have been held where nothing was any more."""
    link = LINKS.get(type(row))
    last = Activity.objects.filter(**{link: row}, on__gt=until).order_by("-on").first() if link else None
    if last is not None:
        raise ValidationError(
            {"until": f"{last.on} 还有活动“{last}”的记录，停用日期不能早于最后一次活动；记录有误的请先更正活动。"}
        )


def _hand_over(station: Station, heir: Station | None, by: Any) -> None:
    points = list(open_points(station).select_for_update(of=("self",)))
    if not points:
        return
    if heir is None:
        raise ValidationError({"heir": f"还有 {len(points)} 个联络点属于这个站，请选择由哪个联络站接管。"})
    for point in points:
        point.parent = heir
        try:
            check_place(point)
        except ValidationError as error:
            raise ValidationError({"heir": f"{point}：{'；'.join(error.messages)}"}) from error
        saving.save(point, by=by, reason=f"{station}停用，由{heir}接管")
