"""Two counties, two townships in the first, a quarter with everything in it: what the access tests look at."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Model
from django.utils import timezone

from assessments.models import (
    ClassAssignment,
    Evidence,
    Indicator,
    Quarter,
    Scheme,
    Score,
    SelfReport,
    SelfReportItem,
    Task,
)
from assessments.services.publications import publish_quarter
from organizations.models import Unit
from portal.accounts.models import ApiToken, Factor, SavedFilter
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, record
from portal.kit import files
from portal.kit.checks import routes
from tests.factories import make_county, make_township, make_unit, make_user, make_village
from tests.security.fill import fill, scoped_models

FILLED = {"organizations", "outreach", "exchange", "papers"}
ROLES = ["staff", "committee", "village", "leader", "sysadmin", "secadmin", "auditor"]


@dataclass
class Place:
    """One township with its unit, and the rows of its county that routes point to."""

    county: Any
    township: Any
    village: Any
    unit: Any
    rows: dict[str, Any] = field(default_factory=dict)


def make_place(county: Any, word: str, plan: dict[str, Any]) -> Place:
    """A township whose every text holds `word`."""
    township = make_township(parent=county, name=f"{word}镇")
    village = make_village(parent=township, name=f"{word}村")
    unit = make_unit(area=township, kind=Unit.Kind.TOWNSHIP, name=f"{word}镇委", number=1)
    place = Place(county, township, village, unit, dict(plan))
    ClassAssignment.objects.create(scheme=plan["scheme"], unit=unit, unit_class="1", exempt_reason=f"{word}免排名")
    return place


def add_quarter_rows(place: Place, word: str) -> None:
    """The self-report, scores and evidence of a place's unit in its county's quarter."""
    rows, staff = place.rows, place.rows["staff"]
    report = SelfReport.objects.create(quarter=rows["quarter"], unit=place.unit, unit_class="1")
    Score.objects.create(report=report, task=rows["task"], reason=f"{word}评分说明")
    item = SelfReportItem.objects.create(report=report, task=rows["task"], note=f"{word}情况说明", points=Decimal(5))
    evidence = Evidence.objects.create(
        item=item,
        key=uuid.uuid4(),
        name=f"{word}.pdf",
        content_type="application/pdf",
        size=5,
        digest="0" * 64,
        by=staff,
    )
    files.store(evidence.key, b"%PDF-")
    rows |= {"report": report, "item": item, "evidence": evidence}


def make_plan(county: Any, word: str) -> dict[str, Any]:
    """A county's scheme, a draft of the next one, a quarter in review, one that is planned."""
    staff = make_user(role=Role.STAFF, area=county, name=f"{word}工作人员")
    plan: dict[str, Any] = {"staff": staff}
    for name, year, status in (("scheme", 2025, Scheme.Status.OPEN), ("draft", 2026, Scheme.Status.DRAFT)):
        scheme = Scheme.objects.create(area=county, year=year, name=f"{word}方案{year}", status=status)
        indicator = Indicator.objects.create(
            scheme=scheme, number=1, category="组织建设", name=f"{word}指标", criteria="按要求", points_1=100
        )
        plan |= {name: scheme, f"{name}_indicator": indicator}
    for name, number, state in (("published", 1, "review"), ("quarter", 2, "review"), ("planned", 3, "planned")):
        due = dt.date(2025, 3 * number, 25)
        quarter = Quarter.objects.create(
            scheme=plan["scheme"], year=2025, number=number, state=state, opens_on=due.replace(day=1), report_due_on=due,
            review_due_on=due + dt.timedelta(days=10),
        )  # fmt: skip
        task = Task.objects.create(quarter=quarter, indicator=plan["scheme_indicator"], due_on=due, points_1=100)
        plan |= {
            name: quarter,
            {"published": "published_task", "quarter": "task", "planned": "planned_task"}[name]: task,
        }
    return plan


def publish(plan: dict[str, Any], places: list[Place]) -> None:
    """Publish the first quarter of a county with a result for each place."""
    for place in places:
        report = SelfReport.objects.create(
            quarter=plan["published"], unit=place.unit, unit_class="1", status="submitted"
        )
        Score.objects.create(
            report=report,
            task=plan["published_task"],
            status="scored",
            given=90,
            points=90,
            steps=["评审给 90 分（满分 100 分）"],
        )
    publication = publish_quarter(plan["published"], by=plan["staff"])
    for place in places:
        place.rows |= {"publication": publication, "result": publication.results.get(unit=place.unit)}


class World:
    """own: township A; sibling: township B of the same county; foreign: another county."""

    def __init__(self) -> None:
        county, other = make_county(name="测试甲县"), make_county(name="测试乙县")
        plan, foreign_plan = make_plan(county, "甲"), make_plan(other, "丙")
        self.own = make_place(county, "甲", plan)
        self.sibling = make_place(county, "乙", plan)
        self.foreign = make_place(other, "丙", foreign_plan)
        publish(plan, [self.own, self.sibling])
        publish(foreign_plan, [self.foreign])
        for place, word in ((self.own, "甲"), (self.sibling, "乙"), (self.foreign, "丙")):
            add_quarter_rows(place, word)
            fill(place, word, FILLED)
            self._add_account_rows(place, word)
        homes = {"committee": self.own.township, "village": self.own.village}
        self.users = {role: make_user(role=role, area=homes.get(role, county), name=f"某{role}") for role in ROLES}
        self.users["nobody"] = make_user(name="无授权")
        for user in self.users.values():
            if user.area is None:
                user.area = county
                user.save()

    @staticmethod
    def _add_account_rows(place: Place, word: str) -> None:
        person = make_user(role=Role.COMMITTEE, area=place.township, name=f"{word}委员", confirmed=False)
        grant = person.grants.get()
        token = ApiToken.objects.create(
            user=person, name=f"{word}令牌", prefix="abc", digest=uuid.uuid4().hex, expires_on=timezone.localdate()
        )
        saved = SavedFilter.objects.create(user=person, path="/organizations/units/", name=f"{word}筛选", query="q=1")
        record(person, "updated", place.unit, reason=f"{word}原因")
        entry = AuditEntry.objects.first()
        factor = Factor.objects.create(user=person, kind="totp", name=f"{word}验证器", secret=b"secret")
        place.rows |= {"user": person, "grant": grant, "token": token, "saved": saved, "entry": entry, "factor": factor}

    def places(self) -> dict[str, Place]:
        return {"own": self.own, "sibling": self.sibling, "foreign": self.foreign}


# Route → what its parameter `name` says
NAMES = {"exchange:template": "organizations", "exchange:import": "organizations", "exchange:report": "coverage",
         "papers:formlayout": "organization"}  # fmt: skip

# Route → the row whose primary key stands in the address; a route that is missing here fails the matrix.
BY_PREFIX = [
    ("accounts:user_", "user"), ("accounts:grant_create", "user"), ("accounts:grant_", "grant"), ("accounts:audit_", "entry"),
    ("accounts:token_", "token"), ("accounts:factor_remove", "factor"), ("accounts:saved_filter_", "saved"), ("organizations:area_split", "township"),
    ("organizations:units_from_areas", "county"), ("organizations:area_", "township"), ("organizations:unit_", "unit"),
    ("assessments:scheme_delete", "draft"), ("assessments:scheme_", "scheme"), ("assessments:indicator_create", "draft"),
    ("assessments:indicator_", "draft_indicator"), ("assessments:quarter_create", "scheme"), ("assessments:quarter_", "quarter"),
    ("assessments:unlock_", "quarter"), ("assessments:task_create", "planned"),
    ("assessments:task_", "planned_task"), ("assessments:report_list", "quarter"),
    ("assessments:report_", "report"), ("assessments:evidence_add", "report"), ("assessments:review", "quarter"),
    ("assessments:publish", "quarter"), ("assessments:ranking", "publication"), ("assessments:slip", "result"),
    ("assessments:evidence_", "evidence"), ("organizations:roster", "organizations.organization"),
    ("dashboards:coverage", "township"), ("exchange:batch_", "exchange.importbatch"), ("papers:paper_basis", "publication"),
    ("outreach:contactrole_create", "outreach.contact"),
    ("outreach:trainingsession_create", "outreach.trainingplan"), ("outreach:cadrepost_create", "outreach.trainingplan"),
    ("api:areas_", "township"), ("api:units_", "unit"), ("api:schemes_", "scheme"), ("api:quarters_", "quarter"),
    ("api:tasks_", "task"), ("api:scores_", "score"), ("api:results_", "result"), ("api:result_lines_", "line"),
]  # fmt: skip


def kwargs_of(name: str, parameters: list[str], place: Place) -> dict[str, Any]:
    """The address's parameters for a route in a place."""
    values: dict[str, Any] = {}
    for parameter in parameters:
        if parameter == "key":
            values[parameter] = _row(name, place).key
        elif parameter == "register":
            values[parameter] = "organizations.organization"
        elif parameter == "object_id":
            values[parameter] = place.rows["organizations.organization"].pk
        elif parameter == "report":
            values[parameter] = place.rows["report"].pk
        elif parameter == "task":
            values[parameter] = place.rows["task"].pk
        elif parameter == "name":
            values[parameter] = NAMES.get(name.partition("_")[0], "staff")
        else:
            values[parameter] = _row(name, place).pk
    return values


@cache
def model_of(name: str) -> type[Model]:
    """The model whose row a route's address names: its view's, or the one that its name begins with."""
    callback = next(found for _, full, found in routes() if full == name)
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    model = getattr(view, "model", None) or getattr(getattr(view, "queryset", None), "model", None)
    if model is not None:
        return model
    app, _, rest = name.partition(":")
    named = [m for m in scoped_models() if m._meta.app_label == app and rest.startswith(str(m._meta.model_name))]
    if not named:
        raise LookupError(
            f"{name}: a route's name begins with its model's name, or world.BY_PREFIX says which row it names"
        )
    return max(named, key=lambda m: len(str(m._meta.model_name)))


def _row(name: str, place: Place) -> Any:
    found = next((row for prefix, row in BY_PREFIX if name.startswith(prefix)), None)
    if found is None:
        return place.rows[model_of(name)._meta.label_lower]
    if found in {"county", "township", "unit"}:
        return getattr(place, found)
    if found == "score":
        return place.rows["report"].scores.get()
    if found == "line":
        return place.rows["result"].lines.get()
    return place.rows[found]
