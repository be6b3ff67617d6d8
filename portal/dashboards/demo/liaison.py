"""Contacts and service of a demonstration county: the report's figures of 2022 (domain.md, "Contacts and service"), and the years after."""

import datetime as dt
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from organizations.models import Area, Level, Organization, Unit
from outreach.models import (
    CadrePost,
    Contact,
    ContactRole,
    Enterprise,
    Matter,
    Notice,
    Official,
    Pairing,
    PublicRole,
    Request,
    RequestStep,
    Rhythm,
    Support,
    TrainingPlan,
    TrainingSession,
    Visit,
    Whom,
)
from portal.accounts.models import User
from portal.audit.models import Act, Action, record_many
from portal.dashboards.demo.cast import person

START, REPORT_DAY = dt.date(2022, 1, 1), dt.date(2022, 12, 31)
BATCH = 500
RHYTHMS = {
    Whom.ENTERPRISE: 6, Whom.ASSOCIATION: 3, Whom.ORGANIZATION_OFFICER: 6, Whom.ENTERPRISE_HEAD: 6, Whom.POST_HOLDER: 12,
    Whom.SERVICE_TAIWAN: 12, Whom.SERVICE_OVERSEAS: 12,
}  # fmt: skip
NOTICE = """一、处理者：县委统战部。
二、处理目的：联谊和日常联系、服务企业、组织换届和活动联络、教育培训组织、办理您登记的服务。
三、处理的内容：姓名、公开身份（任职单位和职务）、所在乡镇、工作电话。不收集其他个人信息。
四、保存期限：到期前复核，最长三年；没有续期的自动删除。
五、您的权利：查询、更正、限制使用、撤回同意、要求删除，可向县委统战部办公室提出，十五个工作日内答复。"""
TRADES = [
    ("茶业", "farming"), ("魔芋食品", "manufacturing"), ("木器", "manufacturing"), ("建材", "manufacturing"), ("商贸", "trade"),
    ("运输", "transport"), ("餐饮", "catering"), ("建设工程", "building"), ("药材种植", "farming"), ("信息服务", "information"),
    ("文旅", "culture"), ("汽配", "manufacturing"),
]  # fmt: skip
SUBJECTS = [
    (Matter.FINANCE, "咨询贷款贴息的申请条件"), (Matter.LAND, "厂房扩建的用地手续办理进度"), (Matter.LABOUR, "茶季用工不足，希望组织招聘"),
    (Matter.MARKET, "希望参加省内农产品展销"), (Matter.PROJECT, "环评批复办理时间较长"), (Matter.TAXES, "咨询小微企业税费优惠"),
    (Matter.POLICY, "咨询返乡创业扶持政策"), (Matter.LEGAL, "货款拖欠，希望提供法律咨询"),
]  # fmt: skip
LEADERS = ["县委副书记", "县委常委", "副县长", "县人大常委会副主任", "县政协副主席"]
POSTS_2022 = [
    ("县直单位副职", 58, 17, 9, 1),
    ("县直单位中层", 74, 21, 11, 1),
    ("乡镇副职", 30, 12, 7, 0),
    ("学校、医院负责人", 40, 10, 5, 0),
]


@dataclass(frozen=True)
class Plan:
    """What a county's report counts."""

    enterprises: int
    associations: Sequence[str]
    leaders: int
    heads: int
    taiwan: int
    overseas: int
    online: int
    offline: int
    supports: Sequence[int]  # yuan


PLANS = {
    "zhuxi": Plan(
        1783, ("茶叶产业协会", "魔芋产业协会", "建筑业协会", "餐饮行业商会"), 28, 27, 21, 82, 9, 8, (200_000, 180_000, 120_000),
    ),
    "danjiangkou": Plan(640, ("柑橘产业协会", "汽配行业协会"), 24, 25, 12, 40, 6, 5, (150_000,)),
}  # fmt: skip


class Liaison:
    """Fills one county that has its areas, units, accounts and organizations."""

    def __init__(self, county: Area, file: str, suffix: str, staff: Any, seed: int):
        self.county, self.plan, self.suffix, self.staff = county, PLANS[file], suffix, staff
        self.random = random.Random(seed)
        self.people = seed * 17
        self.today = timezone.localdate()
        areas = Area.objects.in_area(county).filter(counted=True, level=Level.TOWNSHIP)
        self.townships = list(areas)
        self.bodies = list(Unit.objects.in_area(county).filter(kind=Unit.Kind.BODY).order_by("number"))

    def build(self) -> None:
        self.notice = self._keep(Notice, [
            Notice(area=self.county, name="个人信息处理告知书 2022 年第 1 版", text=NOTICE, since=START)
        ])[0]  # fmt: skip
        self._keep(Rhythm, [Rhythm(area=self.county, whom=whom, months=months) for whom, months in RHYTHMS.items()])
        self._enterprises()
        self._officials()
        self._contacts()
        self._pairings()
        self._visits()
        self._requests()
        self._training()

    def _enterprises(self) -> None:
        weights = [self.random.randint(2, 12) for _ in self.townships]
        places = self.random.choices(self.townships, weights, k=self.plan.enterprises)
        rows = [self._enterprise(number, area) for number, area in enumerate(places, 1)]
        rows += [
            Enterprise(kind="association", area=self.county, name=f"{self.county.name}{name}", since=self._in_2022())
            for name in self.plan.associations
        ]
        self.enterprises = self._keep(Enterprise, rows)

    def _enterprise(self, number: int, area: Area) -> Enterprise:
        trade, industry = self.random.choice(TRADES)
        name = f"{self.county.name[:2]}示例{number}号{trade}有限公司"
        return Enterprise(area=area, name=name, industry=industry, since=self._in_2022(), address=area.name)

    def _officials(self) -> None:
        """County leaders and heads of bodies (28 and 27 in the report), three of each township; some have accounts."""
        rows = [self._official("leader", self.county, LEADERS[n % len(LEADERS)]) for n in range(self.plan.leaders)]
        rows += [self._official("head", self.county, "局长", unit) for unit in self.bodies[: self.plan.heads]]
        rows += [
            self._official("official", area, post)
            for area in self.townships
            for post in ("党委书记", "党委副书记", "统战委员")
        ]
        users = User.objects.filter(username__in=[f"{name}{self.suffix}" for name in ("leader", "lead", "committee")])
        accounts = {user.username.removesuffix(self.suffix): user for user in users}
        self.led = {grant.area_id for grant in accounts["lead"].held_grants}
        rows[0].user, rows[1].user = accounts["leader"], accounts["lead"]
        home = accounts["committee"].held_grants[0].area
        next(row for row in rows if row.area == home and row.position.endswith("统战委员")).user = accounts["committee"]
        for row in rows:
            row.name = row.user.name if row.user else row.name
        _tell_apart(rows)
        self.officials = self._keep(Official, rows)

    def _official(self, kind: str, area: Area, position: str, unit: Unit | None = None) -> Official:
        title = f"{unit.name}{position}" if unit else f"{area.name}{position}" if kind == "official" else position
        return Official(kind=kind, area=area, unit=unit, name=self._name(), position=title, since=START)

    def _contacts(self) -> None:
        """Heads of every eighth enterprise and of each association, officers of chambers, those who signed up for a service."""
        wanted: list[tuple[Area, dict[str, Any], str, str]] = [
            (row.area, {"role": PublicRole.ENTERPRISE_HEAD, "enterprise": row, "post": "总经理"}, "enterprise", "duty")
            for row in (*self.enterprises[::8], *self.enterprises[-len(self.plan.associations) :])
        ]
        chambers = Organization.objects.in_area(self.county).in_force().filter(kind="township_chamber")
        wanted += [
            (row.area, {"role": PublicRole.ORGANIZATION_OFFICER, "organization": row, "post": "会长"}, "organization", "duty")
            for row in chambers.select_related("area")
        ]  # fmt: skip
        for role, number in (
            (PublicRole.SERVICE_TAIWAN, self.plan.taiwan),
            (PublicRole.SERVICE_OVERSEAS, self.plan.overseas),
        ):
            places = self.random.choices(self.townships, k=number)
            wanted += [(area, {"role": role}, "service", "consent") for area in places]
        rows = [self._contact(area, purpose, basis) for area, _, purpose, basis in wanted]
        self.contacts = self._keep(Contact, rows)
        roles = [
            ContactRole(contact=contact, since=START, **role)
            for contact, (_, role, _, _) in zip(self.contacts, wanted, strict=True)
        ]
        ContactRole.objects.bulk_create(roles, batch_size=BATCH)

    def _contact(self, area: Area, purpose: str, basis: str) -> Contact:
        noticed = self._in_2022()
        return Contact(
            area=area, name=self._name(), phone=f"1380000{self.random.randint(0, 9999):04d}", purpose=purpose, basis=basis,
            notice=self.notice, noticed_on=noticed, consent_on=noticed if basis == "consent" else None,
            review_by=self.today + dt.timedelta(days=self.random.choices([20, 300, 700], [2, 50, 48])[0]),
        )  # fmt: skip

    def _pairings(self) -> None:
        """Each county leader and head of a body looks after four enterprises; the townships' officials after most of the rest.

        The first two leaders, who have accounts, look after some of the lead's townships.
        """
        free = list(self.enterprises)
        self.random.shuffle(free)
        free.sort(key=lambda row: row.area_id in self.led)
        above = [row for row in self.officials if row.kind != "official"]
        rows = [self._pairing(official, free.pop()) for official in above for _ in range(4)]
        near: dict[int, list[Official]] = {}
        for official in self.officials:
            if official.kind == "official":
                near.setdefault(official.area_id, []).append(official)
        rows += [
            self._pairing(self.random.choice(near[row.area_id]), row)
            for row in free
            if row.area_id in near and self.random.random() < 0.93
        ]
        rows += [
            Pairing(official=self.random.choice(near[row.area_id]), contact=row, area=row.area, since=self._in_2022())
            for row in self.contacts
            if row.purpose == "service" and row.area_id in near and self.random.random() < 0.9
        ]
        self.pairings = self._keep(Pairing, rows)

    def _pairing(self, official: Official, enterprise: Enterprise) -> Pairing:
        return Pairing(official=official, enterprise=enterprise, area=enterprise.area, since=self._in_2022())

    def _visits(self) -> None:
        """The last year and a half; most pairings were visited lately, some for long not; a few are planned."""
        rows, sides = [], []
        for pairing in self.pairings:
            for _ in range(self.random.choices([0, 1, 2, 3], [12, 40, 33, 15])[0]):
                rows.append(self._visit(pairing, self.today - dt.timedelta(days=self.random.randint(1, 540))))
                sides.append(pairing)
        for pairing in self.random.sample(self.pairings, 20):
            visit = self._visit(pairing, self.today + dt.timedelta(days=self.random.randint(1, 20)))
            visit.state, visit.raised, visit.promised, visit.next_on = Visit.State.PLANNED, "", "", None
            rows.append(visit)
            sides.append(pairing)
        Visit.objects.bulk_create(rows, batch_size=BATCH)
        record_many(self.staff, [Act(Action.CREATED, row) for row in rows])
        pairs = list(zip(rows, sides, strict=True))
        joint = [(row.pk, self.officials[0].pk) for row, side in pairs if side.official != self.officials[0]][::25]
        _link(Visit.officials, [(row.pk, side.official_id) for row, side in pairs] + joint)
        _link(Visit.enterprises, [(row.pk, side.enterprise_id) for row, side in pairs if side.enterprise_id])
        _link(Visit.contacts, [(row.pk, side.contact_id) for row, side in pairs if side.contact_id])

    def _visit(self, pairing: Pairing, on: dt.date) -> Visit:
        about = self.random.random() < 0.3 and pairing.enterprise_id
        matter, subject = self.random.choice(SUBJECTS) if about else (Matter.CONTACT, "")
        again = self.today + dt.timedelta(days=self.random.randint(3, 25)) if self.random.random() < 0.02 else None
        return Visit(
            area=pairing.area, state=Visit.State.DONE, on=on, matter=matter, raised=subject, next_on=again, by=self.staff,
            promised="十个工作日内反馈" if about else "",
        )  # fmt: skip

    def _requests(self) -> None:
        """Those of 2022, all answered; this year's, of which some are open and two overdue."""
        rows = [self._closed(START + dt.timedelta(days=20 * n), n < self.plan.online, n + 1)
                for n in range(self.plan.online + self.plan.offline)]  # fmt: skip
        first = self.today.replace(month=1, day=5)
        days = [first + dt.timedelta(days=25 * n) for n in range(12)]
        late = [day for day in days if day < self.today - dt.timedelta(days=30)]
        rows += [self._closed(day, n % 2 == 0, n + 1) for n, day in enumerate(late)]
        for n, (ago, state) in enumerate(
            [(26, "handed_over"), (22, "accepted"), (6, "handed_over"), (4, "accepted"), (12, "answered")], 1
        ):
            rows.append(self._open(self.today - dt.timedelta(days=ago), state, len(late) + n))
        ours = next(row for row in self.enterprises if row.area_id in self.led)
        rows[-5].enterprise, rows[-5].area = ours, ours.area  # overdue where the lead answers for it
        Request.objects.bulk_create(rows, batch_size=BATCH)
        record_many(self.staff, [Act(Action.CREATED, row) for row in rows])
        RequestStep.objects.bulk_create([step for row in rows for step in self._steps(row)], batch_size=BATCH)
        self._supports(rows)

    def _request(self, on: dt.date, online: bool, number: int) -> Request:
        matter, subject = self.random.choice(SUBJECTS)
        source = self.random.choice(self.enterprises)
        return Request(
            year=on.year, number=number, channel="online" if online else "offline", enterprise=source, area=source.area, matter=matter,
            subject=subject, accepted_on=on, due_on=on + dt.timedelta(days=14), unit=self.random.choice(self.bodies),
            handler=self.random.choice(self.officials[: self.plan.leaders]),
        )  # fmt: skip

    def _closed(self, on: dt.date, online: bool, number: int) -> Request:
        row = self._request(on, online, number)
        row.state, row.answer, row.outcome = Request.State.CLOSED, "已协调有关单位办理并答复。", "solved"
        row.answered_on = on + dt.timedelta(days=self.random.randint(3, 13))
        row.called_back_on = row.closed_on = row.answered_on + dt.timedelta(days=3)
        row.satisfaction = self.random.choices(["satisfied", "fairly"], [8, 2])[0]
        return row

    def _open(self, on: dt.date, state: str, number: int) -> Request:
        row = self._request(on, number % 2 == 0, number)
        row.state = state
        if state == Request.State.ACCEPTED:
            row.unit = None
        if state == Request.State.ANSWERED:
            row.answered_on, row.answer = on + dt.timedelta(days=8), "已答复政策依据和办理流程。"
        return row

    def _steps(self, row: Request) -> list[RequestStep]:
        """The road of a request so far."""
        unit = row.unit
        steps: list[tuple[str, dt.date | None, dict[str, Any]]] = [
            ("accepted", row.accepted_on, {}),
            ("handed_over", row.accepted_on if unit else None, {"to_unit": unit, "words": "请按期答复"}),
            ("answered", row.answered_on, {"from_unit": unit, "words": row.answer}),
            ("called_back", row.called_back_on, {}),
            ("closed", row.closed_on, {"words": row.get_outcome_display()}),
        ]
        return [RequestStep(request=row, act=act, on=on, by=self.staff, **rest) for act, on, rest in steps if on]

    def _supports(self, requests: Sequence[Request]) -> None:
        rows = [
            Support(enterprise=row.enterprise, area=row.area, request=row, programme=programme, amount=Decimal(amount),
                    on=row.closed_on)
            for amount, row, programme in zip(
                self.plan.supports, requests, ["农业产业化贴息", "技改补助", "稳岗返还"], strict=False
            )
        ]  # fmt: skip
        self._keep(Support, rows)

    def _training(self) -> None:
        """60 in the plan, 32 trained, 202 holders of posts, 2 recommended (the report of 2022); the same list this year."""
        plans = self._keep(TrainingPlan, [
            TrainingPlan(area=self.county, year=year, name="任职干部教育培训计划", audience="cadres", planned_people=60)
            for year in (2022, self.today.year)
        ])  # fmt: skip
        self._keep(TrainingSession, [
            TrainingSession(plan=plan, on=dt.date(plan.year, month, 18), title=title, place="县委党校", days=days, planned=planned,
                            attended=attended if dt.date(plan.year, month, 18) < self.today else None)
            for plan in plans
            for month, title, days, planned, attended in (
                (5, "统战政策专题班", 3, 20, 18), (9, "履职能力提升班", 5, 20, 14), (12, "年度总结班", 1, 20, 0),
            ) if (plan.year, month) != (2022, 12)
        ])  # fmt: skip
        self._keep(CadrePost, [
            CadrePost(plan=plan, post=post, holders=holders, in_plan=planned, trained=trained, recommended=recommended)
            for plan in plans for post, holders, planned, trained, recommended in POSTS_2022
        ])  # fmt: skip

    def _keep(self, model: Any, rows: Iterable[Any]) -> list[Any]:
        """Store rows with one audit row each."""
        rows = list(rows)
        for row in rows:
            if hasattr(row, "prepare"):
                row.prepare()
        model.objects.bulk_create(rows, batch_size=BATCH)
        record_many(self.staff, [Act(Action.CREATED, row) for row in rows])
        return rows

    def _in_2022(self) -> dt.date:
        return START + dt.timedelta(days=self.random.randint(0, 340))

    def _name(self) -> str:
        self.people += 1
        return person(self.people)


def _tell_apart(officials: Sequence[Official]) -> None:
    """No two of one name hold the same position: the later one takes the next invented name."""
    taken: set[tuple[str, str]] = set()
    for number, row in enumerate(officials):
        while (row.name, row.position) in taken:
            row.name = person(number * 7 + len(taken))
            number += 1  # noqa: PLW2901
        taken.add((row.name, row.position))


def _link(field: Any, pairs: Iterable[tuple[int, int]]) -> None:
    """Fill a many-to-many table, each pair once."""
    through = field.through
    near, far = (f.attname for f in through._meta.concrete_fields if f.is_relation)
    through.objects.bulk_create(
        [through(**{near: one, far: other}) for one, other in dict.fromkeys(pairs)], batch_size=BATCH
    )
