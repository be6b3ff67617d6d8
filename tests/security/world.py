"""Two townships of one county and one of another, each with a row of every kind and a word of its own in every text.

A `Place` is what a user may own: a township, its village, unit, reports, results. `KWARGS` says, for every route with
arguments, which row of a place it is asked for; a new route without a line there fails the matrix.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from assessments.models import (
    BonusTier,
    ClassAssignment,
    Evidence,
    Indicator,
    Publication,
    Quarter,
    Result,
    ResultLine,
    Scheme,
    Score,
    SelfReport,
    SelfReportItem,
    Task,
    Unlock,
)
from organizations.models import AreaChange, AreaSuccession, Unit
from portal.accounts.models import SavedFilter
from portal.accounts.roles import Role
from portal.accounts.services import make_token
from portal.audit.models import Action, record
from portal.kit import files
from tests.factories import make_county, make_township, make_unit, make_user, make_village

ANONYMOUS = "anonymous"
COLUMNS = [ANONYMOUS, *Role.values]
NOBODYS = 999_999_999
STATES = {1: "published", 2: "review", 3: "open", 4: "planned"}


@dataclass
class County:
    word: str
    area: Any
    actors: dict[str, Any]
    scheme: Any
    draft: Any
    draft_indicator: Any
    quarters: dict[str, Any] = field(default_factory=dict)
    tasks: dict[str, Any] = field(default_factory=dict)
    publication: Any = None


@dataclass
class Place:
    word: str
    county: County
    area: Any
    village: Any
    unit: Any
    actors: dict[str, Any]
    person: Any
    grant: Any
    entry: Any
    reports: dict[str, Any] = field(default_factory=dict)
    item: Any = None
    evidence: Any = None
    score: Any = None
    result: Any = None
    line: Any = None


def make_county_with_rows(word: str) -> County:
    area = make_county(name=f"{word}县", not_counted_reason=f"{word}不计", counted=False)
    actors = {
        role: make_user(role, area, name=f"{word}{role}")
        for role in ("staff", "leader", "sysadmin", "secadmin", "auditor")
    }
    staff = actors["staff"]
    change = AreaChange.objects.create(
        area=area, type="rename", on=dt.date(2026, 1, 1), reason=f"{word}依据", summary=f"{word}更名", by=staff
    )
    scheme, indicator = _scheme(area, word, 2026, Scheme.Status.OPEN)
    draft, draft_indicator = _scheme(area, word, 2027, Scheme.Status.DRAFT)
    county = County(word, area, actors, scheme, draft, draft_indicator)
    for number, state in STATES.items():
        first = dt.date(2026, 3 * number - 2, 1)
        quarter = Quarter.objects.create(
            scheme=scheme, year=2026, number=number, state=state, opens_on=first,
            report_due_on=first + dt.timedelta(300), review_due_on=first + dt.timedelta(310),
        )  # fmt: skip
        county.quarters[state] = quarter
        county.tasks[state] = Task.objects.create(
            quarter=quarter, indicator=indicator, due_on=first + dt.timedelta(60), points_1=100, requirement=f"{word}要求"
        )
    county.publication = Publication.objects.create(
        quarter=county.quarters["published"], revision=1, reason=f"{word}更正", at=timezone.now(), by=staff, digest="0" * 64
    )
    AreaSuccession.objects.create(predecessor=area, successor=area, change=change)
    return county


def _scheme(area: Any, word: str, year: int, status: str) -> tuple[Any, Any]:
    scheme = Scheme.objects.create(area=area, year=year, name=f"{word}方案", reason=f"{word}改版", status=status)
    BonusTier.objects.create(scheme=scheme, days_before=3, points=Decimal("0.5"))
    indicator = Indicator.objects.create(
        scheme=scheme, number=1, category=f"{word}类", name=f"{word}指标", criteria=f"{word}标准",
        evidence_wanted=f"{word}材料", points_1=100,
    )  # fmt: skip
    return scheme, indicator


def make_place(county: County, word: str) -> Place:
    area = make_township(county.area, name=f"{word}镇")
    village = make_village(area, name=f"{word}村")
    unit = make_unit(area=area, kind=Unit.Kind.TOWNSHIP, name=f"{word}委")
    committee = make_user(Role.COMMITTEE, area, name=f"{word}委员")
    actors = {
        "committee": committee,
        "committee of a unit": make_user(Role.COMMITTEE, unit=unit, name=f"{word}单位委员"),
        "village": make_user(Role.VILLAGE, village, name=f"{word}联络员"),
        **county.actors,
    }
    person = make_user(Role.VILLAGE, village, confirmed=False, name=f"{word}新人")
    grant = person.grants.get()
    grant.reason = f"{word}授权"
    grant.save()
    entry = record(committee, Action.UPDATED, unit, reason=f"{word}原因", words=f"{word}所为")
    place = Place(word, county, area, village, unit, actors, person, grant, entry)
    for scheme in (county.scheme, county.draft):
        ClassAssignment.objects.create(scheme=scheme, unit=unit, unit_class="1", exempt_reason=f"{word}不排")
    for state in ("published", "review", "open"):
        _report(place, state)
    for actor in place.actors.values():
        if not actor.saved_filters.exists():
            make_token(actor, f"{word}令牌")
            SavedFilter.objects.create(user=actor, path="/organizations/units/", name=f"{word}筛选", query="kind=body")
    return place


def _report(place: Place, state: str) -> None:
    county, word, task = place.county, place.word, place.county.tasks[state]
    report = SelfReport.objects.create(
        quarter=county.quarters[state], unit=place.unit, unit_class="1", exempt_reason=f"{word}免评"
    )
    item = SelfReportItem.objects.create(
        report=report, task=task, points=90, note=f"{word}说明", return_reason=f"{word}退回"
    )
    content = f"%PDF-1.4 {word}\n%%EOF".encode()
    evidence = Evidence.objects.create(
        item=item, name=f"{word}佐证.pdf", content_type="application/pdf", size=len(content), digest=word.encode().hex(),
        by=place.actors["committee"],
    )  # fmt: skip
    files.store(evidence.key, content)
    score = Score.objects.create(
        report=report, task=task, status="scored", given=80, points=80, reason=f"{word}评语", steps=[f"{word}步骤"],
        by=place.actors["staff"],
    )  # fmt: skip
    Unlock.objects.create(
        quarter=report.quarter, purpose="report", report=report, reason=f"{word}解锁", by=place.actors["staff"],
        ends_at=timezone.now() + dt.timedelta(days=3),
    )  # fmt: skip
    place.reports[state] = report
    if state == "open":
        place.item, place.evidence = item, evidence
    if state == "review":
        place.score = score
    if state == "published":
        place.result, place.line = _result(place, task)


def _result(place: Place, task: Any) -> tuple[Any, Any]:
    word = place.word
    result = Result.objects.create(
        publication=place.county.publication, unit=place.unit, unit_name=f"{word}公布", area_code=place.area.tree_code,
        unit_class="1", exempt_reason=f"{word}免排", rank=None, points=80, base=100, scaled=80, bonus=0, total=80,
        steps=[f"{word}合计"],
    )  # fmt: skip
    line = ResultLine.objects.create(
        result=result, task=task, number=1, category=f"{word}明细类", name=f"{word}明细", criteria=f"{word}明细标准",
        method="manual", maximum=100, due_on=task.due_on, points=80, bonus=0, reason=f"{word}明细评语", steps=[f"{word}算式"],
    )  # fmt: skip
    return result, line


# Which rows a route is asked for

USER = {"pk": lambda place: place.person.pk}
GRANT = {"pk": lambda place: place.grant.pk}
AREA = {"pk": lambda place: place.area.pk}
UNIT = {"pk": lambda place: place.unit.pk}
SCHEME = {"pk": lambda place: place.county.scheme.pk}
DRAFT = {"pk": lambda place: place.county.draft.pk}
DRAFT_INDICATOR = {"pk": lambda place: place.county.draft_indicator.pk}
PUBLICATION = {"pk": lambda place: place.county.publication.pk}
RESULT = {"pk": lambda place: place.result.pk}
REPORT = {"pk": lambda place: place.reports["open"].pk}
ITEM = {**REPORT, "task": lambda place: place.item.task_id}
EVIDENCE = {"key": lambda place: place.evidence.key}


def quarter(state: str) -> dict[str, Any]:
    return {"pk": lambda place: place.county.quarters[state].pk}


def task(state: str) -> dict[str, Any]:
    return {"pk": lambda place: place.county.tasks[state].pk}


REVIEW = quarter("review")
CELL = {**REVIEW, "report": lambda place: place.reports["review"].pk, "task": lambda place: place.score.task_id}

KWARGS: dict[str, dict[str, Any]] = {
    "accounts:user_detail": USER,
    "accounts:user_update": USER,
    "accounts:user_reset": USER,
    "accounts:user_unlock": USER,
    "accounts:grant_create": USER,
    "accounts:grant_confirm": GRANT,
    "accounts:grant_revoke": GRANT,
    "accounts:audit_detail": {"pk": lambda place: place.entry.pk},
    "organizations:area_detail": AREA,
    "organizations:area_rename": AREA,
    "organizations:area_move": AREA,
    "organizations:area_merge": AREA,
    "organizations:area_split": AREA,
    "organizations:area_close": AREA,
    "organizations:area_create": AREA,
    "organizations:area_count": AREA,
    "organizations:units_from_areas": {"pk": lambda place: place.county.area.pk},
    "organizations:unit_detail": UNIT,
    "organizations:unit_update": UNIT,
    "assessments:scheme_detail": SCHEME,
    "assessments:scheme_update": DRAFT,
    "assessments:scheme_delete": DRAFT,
    "assessments:scheme_open": DRAFT,
    "assessments:scheme_copy": SCHEME,
    "assessments:scheme_revise": SCHEME,
    "assessments:scheme_difference": SCHEME,
    "assessments:scheme_classes": DRAFT,
    "assessments:scheme_tiers": DRAFT,
    "assessments:indicator_create": DRAFT,
    "assessments:indicator_update": DRAFT_INDICATOR,
    "assessments:indicator_delete": DRAFT_INDICATOR,
    "assessments:quarter_create": SCHEME,
    "assessments:quarter_detail": quarter("open"),
    "assessments:quarter_update": quarter("open"),
    "assessments:quarter_open": quarter("planned"),
    "assessments:quarter_start_review": quarter("open"),
    "assessments:quarter_close": quarter("published"),
    "assessments:unlock_create": quarter("open"),
    "assessments:task_create": quarter("planned"),
    "assessments:task_update": task("planned"),
    "assessments:task_delete": task("planned"),
    "assessments:report_list": quarter("open"),
    "assessments:report_detail": REPORT,
    "assessments:report_submit": REPORT,
    "assessments:report_item": ITEM,
    "assessments:evidence_add": ITEM,
    "assessments:evidence_download": EVIDENCE,
    "assessments:evidence_remove": EVIDENCE,
    "assessments:review": REVIEW,
    "assessments:review_cells": REVIEW,
    "assessments:review_changes": REVIEW,
    "assessments:review_confirm": REVIEW,
    "assessments:review_unit": {name: CELL[name] for name in ("pk", "report")},
    "assessments:review_return": {name: CELL[name] for name in ("pk", "report")},
    "assessments:review_panel": CELL,
    "assessments:publish": REVIEW,
    "assessments:ranking": PUBLICATION,
    "assessments:ranking_workbook": PUBLICATION,
    "assessments:slip": RESULT,
    "api:areas_detail": AREA,
    "api:units_detail": UNIT,
    "api:schemes_detail": SCHEME,
    "api:quarters_detail": quarter("open"),
    "api:tasks_detail": task("open"),
    "api:scores_detail": {"pk": lambda place: place.score.pk},
    "api:results_detail": RESULT,
    "api:result_lines_detail": {"pk": lambda place: place.line.pk},
}
# rows that belong to one account: own = the actor's, sibling's = another account's of the same place
PERSONAL = {
    "accounts:token_revoke": lambda user: {"pk": user.api_tokens.get().pk},
    "accounts:saved_filter_delete": lambda user: {"pk": user.saved_filters.get().pk},
}
WORDS = {"dashboards:help_page": {"name": "staff"}}  # pages of words, the same for everybody


@dataclass
class World:
    ours: Place
    neighbour: Place  # the other township of our county
    foreign: Place  # of another county

    @classmethod
    def make(cls) -> "World":
        county = make_county_with_rows("甲")
        return cls(make_place(county, "甲"), make_place(county, "乙"), make_place(make_county_with_rows("丙"), "丙"))

    def targets(self, name: str, path: str, actor: str) -> dict[str, dict[str, Any]]:
        """{"own" | "sibling" | "none": keyword arguments} of a route; {"own": {}} where it takes none."""
        if "<" not in path:
            return {"own": {}}
        if name in WORDS:
            return {"own": WORDS[name], "none": dict.fromkeys(WORDS[name], "none")}
        if name in PERSONAL:
            mine, other = self.ours.actors.get(actor, self.ours.person), self.ours.actors["committee of a unit"]
            if actor == ANONYMOUS:
                mine = other
            return {"own": PERSONAL[name](mine), "sibling": PERSONAL[name](other), "none": {"pk": NOBODYS}}
        builders = KWARGS[name]
        own = {key: build(self.ours) for key, build in builders.items()}
        sibling = {key: build(self.sibling(actor, own, builders)) for key, build in builders.items()}
        return {"own": own, "sibling": sibling, "none": {key: _nobodys(value) for key, value in own.items()}}

    def sibling(self, actor: str, own: dict[str, Any], builders: dict[str, Any]) -> Place:
        """The nearest place that is not the actor's: for a township the next one, for a county the other one."""
        near = {key: build(self.neighbour) for key, build in builders.items()}
        below_county = actor in {"committee", "committee of a unit", "village", ANONYMOUS}
        return self.neighbour if below_county and near != own else self.foreign


def _nobodys(value: Any) -> Any:
    return uuid.UUID(int=0) if isinstance(value, uuid.UUID) else NOBODYS


def address(name: str, kwargs: dict[str, Any]) -> str:
    return reverse(name, kwargs=kwargs)
