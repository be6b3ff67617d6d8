"""Rows for tests: each `make_*` fills every field that the test did not name. People look invented."""

import datetime as dt
import itertools
from decimal import Decimal

from django.utils import timezone

from assessments.models import BonusTier, ClassAssignment, Indicator, Quarter, Scheme, Score, SelfReport, Task
from assessments.scoring import Method
from organizations.models import Area, AreaVersion, Kind, Level, Membership, Organization, Person, Unit
from outreach.models import (
    Activity,
    Brand,
    CadrePost,
    Contact,
    ContactRole,
    DutyPost,
    Enterprise,
    Notice,
    Official,
    Outpost,
    Pairing,
    Request,
    Site,
    Station,
    Support,
    TrainingPlan,
    TrainingSession,
    Visit,
)
from portal.accounts.models import Grant, User
from portal.accounts.roles import Role
from portal.exchange.models import ImportBatch

COUNTER = itertools.count(1)
FOUNDED = dt.date(2020, 1, 1)
PASSWORD = "Ceshi@Mima-2026"
LENGTHS = {Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}


def make_area(level, parent=None, **fields):
    """An area with its first version."""
    number = next(COUNTER)
    prefix = parent.tree_code if parent else ""
    suffix = f"{400000 + number}" if parent is None else f"{number % 999 + 1:03d}"
    tree_code = prefix + suffix
    values = {
        "level": level, "parent": parent, "tree_code": tree_code, "code": tree_code.ljust(12, "0"),
        "name": f"测试{number}", "kind": Kind.VILLAGE, "series": "nbs", "counted": True, "not_counted_reason": "", **fields,
    }  # fmt: skip
    since = values.pop("since", FOUNDED)
    area = Area.objects.create(since=since, **values)
    AreaVersion.objects.create(area=area, since=since, **values)
    return area


def make_county(**fields):
    return make_area(Level.COUNTY, **{"kind": Kind.COUNTY, "name": f"测试{next(COUNTER)}县", **fields})


def make_township(parent=None, **fields):
    parent = parent or make_county()
    return make_area(Level.TOWNSHIP, parent, **{"kind": Kind.TOWN, "name": f"测试{next(COUNTER)}镇", **fields})


def make_village(parent=None, **fields):
    parent = parent or make_township()
    return make_area(Level.VILLAGE, parent, **{"kind": Kind.VILLAGE, "name": f"测试{next(COUNTER)}村", **fields})


def make_unit(area=None, **fields):
    number = next(COUNTER)
    values = {"kind": Unit.Kind.BODY, "name": f"县第{number}局", "number": number, "since": FOUNDED, **fields}
    return Unit.objects.create(area=area or make_county(), **values)


def make_user(role=None, area=None, unit=None, confirmed=True, **fields):
    """An account of the role's line with one grant; `role=None` has none."""
    number = next(COUNTER)
    line = Role(role).line if role else "business"
    home = area or (unit.area if unit else None)
    values = {"name": f"张某{number}", "line": line, "area": home, "password_changed_at": timezone.now(), **fields}
    user = User.objects.create_user(values.pop("username", f"user{number}"), PASSWORD, **values)
    if role:
        Grant.objects.create(
            user=user, role=role, area=area, unit=unit, since=FOUNDED, reason="测试",
            confirmed_at=timezone.now() if confirmed else None,
        )  # fmt: skip
    return user


def make_scheme(county=None, status="draft", units=1, **fields):
    """A scheme of four indicators that total 100 in each class, with `units` units in each of the three classes."""
    county = county or make_county()
    values = {"area": county, "year": 2026, "name": "2026年度考核方案", "status": status, **fields}
    scheme = Scheme.objects.create(**values)
    BonusTier.objects.create(scheme=scheme, days_before=3, points=Decimal("0.5"))
    methods = [Method.MANUAL, Method.PER_COUNT, Method.RATIO, Method.MEASURED]
    for number, method in enumerate(methods, 1):
        Indicator.objects.create(
            scheme=scheme, number=number, category="组织建设" if number < 3 else "活动品牌", name=f"指标{number}",
            criteria="按要求完成", method=method, unit_points=Decimal(3) if method == Method.PER_COUNT else None,
            measure="village_liaisons" if method == Method.MEASURED else "", points_1=25, points_2=25, points_3=25,
        )  # fmt: skip
    for unit_class in "123":
        for _ in range(units):
            area = make_township(parent=county)
            unit = make_unit(area=area, kind=Unit.Kind.TOWNSHIP, name=area.name)
            ClassAssignment.objects.create(scheme=scheme, unit=unit, unit_class=unit_class)
    return scheme


def make_quarter(scheme=None, state="open", **fields):
    """The third quarter of 2026 with a task for each indicator; from `open` on with reports and blank scores."""
    scheme = scheme or make_scheme(status="open")
    values = {
        "scheme": scheme, "year": scheme.year, "number": 3, "state": state, "opens_on": dt.date(scheme.year, 7, 1),
        "report_due_on": dt.date(scheme.year, 9, 30), "review_due_on": dt.date(scheme.year, 10, 10), **fields,
    }  # fmt: skip
    quarter = Quarter.objects.create(**values)
    for indicator in scheme.indicators.all():
        points = {f"points_{n}": getattr(indicator, f"points_{n}") for n in "123"}
        Task.objects.create(quarter=quarter, indicator=indicator, due_on=quarter.report_due_on, **points)
    if state == "planned":
        return quarter
    tasks = list(quarter.tasks.all())
    for assigned in scheme.assignments.all():
        report = SelfReport.objects.create(quarter=quarter, unit=assigned.unit, unit_class=assigned.unit_class)
        Score.objects.bulk_create(Score(report=report, task=task) for task in tasks)
    return quarter


def make_organization(area=None, **fields):
    """A fellowship of a village; of a township its council, of a county an industry chamber."""
    area = area or make_village()
    kinds = {Level.VILLAGE: "village_fellowship", Level.TOWNSHIP: "township_council", Level.COUNTY: "industry_chamber"}
    values = {"kind": kinds[area.level], "name": f"{area.name}联谊会{next(COUNTER)}", "since": FOUNDED, **fields}
    return Organization.objects.create(area=area, **values)


def make_person(area=None, **fields):
    values = {"name": f"张某{next(COUNTER)}", **fields}
    return Person.objects.create(area=area or make_township(), **values)


def make_membership(organization=None, person=None, **fields):
    organization = organization or make_organization()
    values = {"post": "会员", "since": FOUNDED, **fields}
    person = person or make_person(organization.area)
    return Membership.objects.create(organization=organization, person=person, **values)


def make_site(area=None, **fields):
    area = area or make_village()
    values = {"kind": Site.Kind.ROOM, "name": f"{area.name}阵地{next(COUNTER)}", "since": FOUNDED, **fields}
    return Site.objects.create(area=area, **values)


def make_brand(area=None, **fields):
    area = area or make_township()
    values = {"name": f"{area.name}品牌{next(COUNTER)}", "since": FOUNDED, **fields}
    return Brand.objects.create(area=area, **values)


def make_station(area=None, **fields):
    """A point in a village, a station above."""
    area = area or make_village()
    kind = Station.Kind.POINT if area.level == Level.VILLAGE else Station.Kind.STATION
    values = {"kind": kind, "name": f"{area.name}联络{next(COUNTER)}", "since": FOUNDED, **fields}
    return Station.objects.create(area=area, **values)


def make_outpost(area=None, **fields):
    area = area or make_village()
    values = {"kind": Outpost.Kind.COMMUNITY, "name": f"{area.name}社区{next(COUNTER)}", "since": FOUNDED, **fields}
    return Outpost.objects.create(area=area, **values)


def make_duty_post(area=None, **fields):
    number = next(COUNTER)
    values = {
        "network": DutyPost.Network.UNITED_FRONT, "post": "专干", "official": f"李某{number}", "position": "副镇长",
        "since": FOUNDED, **fields,
    }  # fmt: skip
    return DutyPost.objects.create(area=area or make_village(), **values)


def make_activity(area=None, **fields):
    values = {"kind": Activity.Kind.STUDY, "theme": f"学习{next(COUNTER)}", "on": dt.date(2026, 9, 1), **fields}
    return Activity.objects.create(area=area or make_village(), **values)


def make_enterprise(area=None, **fields):
    number = next(COUNTER)
    values = {"kind": Enterprise.Kind.ENTERPRISE, "name": f"示例企业{number}公司", "since": FOUNDED, **fields}
    return Enterprise.objects.create(area=area or make_township(), **values)


def make_official(area=None, **fields):
    """A county leader of a county, an official of a township."""
    area = area or make_county()
    kind = Official.Kind.LEADER if area.level == Level.COUNTY else Official.Kind.OFFICIAL
    values = {"name": f"李某{next(COUNTER)}", "kind": kind, "position": "副县长", "since": FOUNDED, **fields}
    return Official.objects.create(area=area, **values)


def make_notice(county=None, **fields):
    values = {
        "name": f"告知书第{next(COUNTER)}版",
        "text": "告知处理目的、方式、期限和权利。",
        "since": FOUNDED,
        **fields,
    }
    return Notice.objects.create(area=county or make_county(), **values)


def make_contact(area=None, enterprise=None, **fields):
    """A contact of a township: the head of an enterprise there, kept on the ground of duty for a year."""
    area = area or make_township()
    role = fields.pop("role", "enterprise_head")
    notice = fields.pop("notice", None) or make_notice(area.parent or area)
    values = {
        "name": f"王某{next(COUNTER)}", "purpose": Contact.Purpose.ENTERPRISE, "basis": Contact.Basis.DUTY,
        "review_by": timezone.localdate() + dt.timedelta(days=365), **fields,
    }  # fmt: skip
    contact = Contact.objects.create(area=area, notice=notice, **values)
    if role == "enterprise_head":
        enterprise = enterprise or make_enterprise(area)
    ContactRole.objects.create(
        contact=contact, role=role, enterprise=enterprise, employer="示例单位", post="负责人", since=FOUNDED
    )
    return contact


def make_pairing(official=None, target=None, **fields):
    """An official with an enterprise, or with the contact that is given."""
    target = target or make_enterprise()
    official = official or make_official(target.area.parent or target.area)
    side = {"contact": target} if isinstance(target, Contact) else {"enterprise": target}
    return Pairing.objects.create(official=official, area=target.area, **side, **{"since": FOUNDED, **fields})


def make_visit(enterprise=None, officials=(), contacts=(), **fields):
    enterprise = enterprise or make_enterprise()
    visit = Visit.objects.create(area=enterprise.area, **{"on": dt.date(2026, 9, 1), **fields})
    visit.enterprises.add(enterprise)
    visit.officials.set(officials or [make_official(enterprise.area.parent)])
    visit.contacts.set(contacts)
    return visit


def make_request(enterprise=None, **fields):
    """A request of an enterprise, accepted and not yet handed over."""
    source = {} if "contact" in fields or "organization" in fields else {"enterprise": enterprise or make_enterprise()}
    values = {
        "year": 2026, "number": next(COUNTER), "matter": "finance", "subject": "咨询贷款贴息", "accepted_on": dt.date(2026, 9, 1),
        "due_on": dt.date(2026, 9, 14), **source, **fields,
    }  # fmt: skip
    area = (
        values.pop("area", None)
        or next(values[name] for name in ("enterprise", "organization", "contact") if name in values).area
    )
    return Request.objects.create(area=area, **values)


def make_training_plan(area=None, **fields):
    values = {"year": 2026, "name": f"培训计划{next(COUNTER)}", "audience": "cadres", "planned_people": 60, **fields}
    return TrainingPlan.objects.create(area=area or make_county(), **values)


def make_training_session(plan=None, officers=(), **fields):
    """A session that was held."""
    values = {"on": dt.date(2026, 6, 18), "title": f"第{next(COUNTER)}期班", "planned": 30, "attended": 28, **fields}
    session = TrainingSession.objects.create(plan=plan or make_training_plan(), **values)
    session.officers.set(officers)
    return session


def make_cadre_post(plan=None, **fields):
    values = {"post": f"岗位{next(COUNTER)}", "holders": 20, "in_plan": 6, "trained": 3, "recommended": 1, **fields}
    return CadrePost.objects.create(plan=plan or make_training_plan(), **values)


def make_support(enterprise=None, **fields):
    enterprise = enterprise or make_enterprise()
    values = {"programme": "纾困专项资金", "amount": Decimal("50000.00"), "on": dt.date(2026, 5, 20), **fields}
    return Support.objects.create(enterprise=enterprise, area=enterprise.area, unit=enterprise.unit, **values)


def make_batch(area=None, **fields):
    """An upload that was looked at and not written."""
    area = area or make_county()
    by = fields.pop("by", None) or make_user(role=Role.STAFF, area=area)
    values = {"workbook": "organizations", "file_name": "组织.xlsx", "digest": "0" * 64, "state": "preview", **fields}
    return ImportBatch.objects.create(area=area, by=by, **values)
