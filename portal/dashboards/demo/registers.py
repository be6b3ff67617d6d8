"""The registers of a demonstration county: what the two reports of 2022 count (domain.md), and the years after."""

import datetime as dt
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from organizations.coverage import default_goals
from organizations.models import (
    Answer,
    Area,
    Check,
    CoverageGoal,
    Level,
    Membership,
    Organization,
    Person,
    RosterConfirmation,
    StandardItem,
    StandardVersion,
    Unit,
)
from organizations.services.rosters import default_required_posts
from organizations.services.standards import default_standards
from outreach.models import (
    Activity,
    Brand,
    Demonstration,
    DemonstrationStep,
    DutyPost,
    Outpost,
    Site,
    Station,
)
from outreach.services.demonstrations import next_year
from portal.audit.models import Act, Action, record_many
from portal.dashboards.demo.cast import person

START, REPORT_DAY = dt.date(2022, 1, 1), dt.date(2022, 12, 31)
Kind = Organization.Kind
BATCH = 500
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """What a county's report of 2022 says, and what was added since."""

    villages_with_organization: dict[str, int]  # kind of village → how many on 2022-12-31
    rooms: int  # villages with an activity room on 2022-12-31
    other_sites: int  # villages with another site only
    zones: int
    demonstration_sites: int
    demonstration_organizations: int
    platforms: Sequence[tuple[str, str]]
    county_organizations: Sequence[tuple[str, str, int]]  # kind, name, members
    councils: bool
    extra_goals: Sequence[tuple[str, dict[str, Any]]] = ()
    hearings: int = 0


PLANS = {
    "zhuxi": Plan(
        {"village": 272, "community": 3}, rooms=246, other_sites=14, zones=0, demonstration_sites=15,
        demonstration_organizations=6, councils=False, hearings=5,
        platforms=[
            ("taiwan", "台企服务中心"), ("overseas", "侨之家"), ("strata_practice", "新阶层人士创新实践基地"),
            ("network", "网络人士之家"), ("network_training", "网络人士教育培训基地"), ("enterprise", "民营经济人士会客厅（城关）"),
            ("enterprise", "民营经济人士会客厅（园区）"), ("four_good", "四好商会"), ("unity_home", "民族团结之家"),
            ("education", "统一战线教育基地"), ("culture", "特色统战文化基地（蒋家堰）"), ("culture", "特色统战文化基地（丰溪）"),
        ],
        county_organizations=[
            (Kind.INTELLECTUALS, "竹溪县党外知识分子联谊会", 48), (Kind.NEW_STRATA, "竹溪县新的社会阶层人士联谊会", 110),
        ],
        extra_goals=[("村级阵地全覆盖", {"villages": True, "measure": "village_site"})],
    ),
    "danjiangkou": Plan(
        {"village": 136, "community": 21}, rooms=215, other_sites=0, zones=31, demonstration_sites=31,
        demonstration_organizations=10, councils=True, hearings=3,
        platforms=[
            ("home", "统战之家"), ("teachers", "党外名师之家"), ("non_party", "党外人士之家"), ("parties", "民主党派之家"),
            ("patriotic", "统一战线爱国主义教育基地"), ("unity_zone", "民族团结进步示范区"), ("community", "同心社区"),
            ("strata_base", "新的社会阶层人士文化创作基地"), ("strata_union", "新的社会阶层人士联盟"),
            ("think_tank", "统战智库成果转化基地"), *[("home", f"统战之家（{place}）") for place in (
                "均州路", "大坝路", "丹赵路", "三官殿", "土关垭", "浪河", "丁家营", "六里坪", "习家店", "石鼓", "凉水河")],
        ],
        county_organizations=[
            (Kind.INTELLECTUALS, "丹江口市党外知识分子联谊会", 52), (Kind.NEW_STRATA, "丹江口市新的社会阶层人士联谊会", 76),
        ],
    ),
}  # fmt: skip
THEMES = {
    "study": "学习统战政策", "fellowship": "乡贤座谈", "service": "助农服务", "visit": "走访在外乡贤", "meeting": "联谊会例会",
    "training": "骨干培训",
}  # fmt: skip
HOURS = ["周一至周五 8:30-17:30", "每周三全天", "每月 1 日、15 日上午"]
POSTS = {Kind.TOWNSHIP_COUNCIL: ["理事长", "副理事长", "秘书长", "理事"]}
OTHER_POSTS = ["会长", "副会长", "秘书长", "会员"]


class Registers:
    """Fills one county that has its areas, units and accounts."""

    def __init__(self, county: Area, file: str, staff: Any, seed: int):
        self.county, self.plan, self.staff = county, PLANS[file], staff
        self.random = random.Random(seed)
        self.people = seed * 31
        self.today = timezone.localdate()
        areas = Area.objects.in_area(county).filter(counted=True)
        self.townships = list(areas.filter(level=Level.TOWNSHIP))
        self.villages = list(areas.filter(level=Level.VILLAGE).select_related("parent"))
        self.bodies = list(Unit.objects.in_area(county).filter(kind=Unit.Kind.BODY))

    def build(self) -> None:
        self._rules()
        self._organizations()
        self._rosters()
        self._stations()
        self._sites()
        self._demonstrations()
        self._brands()
        self._duties()
        self._activities()
        self._checks()

    def _rules(self) -> None:
        goals = default_goals(self.county, since=START)
        goals += [
            CoverageGoal(area=self.county, number=len(goals) + n, title=title, since=START, **rest)
            for n, (title, rest) in enumerate(self.plan.extra_goals, 1)
        ]
        self._keep(CoverageGoal, goals)
        default_required_posts(self.county, since=START)
        default_standards(self.county, since=START)

    # organizations and rosters

    def _organizations(self) -> None:
        rows = [
            self._organization(kind, self.county, name, self._in_2022())
            for kind, name, _ in self.plan.county_organizations
        ]
        rows += [
            self._organization(Kind.TOWNSHIP_CHAMBER, area, f"{area.name}商会", self._in_2022())
            for area in self.townships
        ]
        if self.plan.councils:
            rows += [self._council(area) for area in self.townships]
        else:
            rows += [
                self._organization(Kind.TOWNSHIP_COUNCIL, area, f"{area.name}乡贤理事会", self._in_2022())
                for area in self.random.sample(self.townships, len(self.townships) - 2)
            ]
        rows += self._fellowships()
        self.organizations = self._keep(Organization, rows)
        gone = [row for row in self.organizations if row.kind == Kind.VILLAGE_FELLOWSHIP and row.since <= REPORT_DAY][
            -2:
        ]
        for row in gone:  # closed after the report: a figure of today is not the report's
            row.until, row.term_number, row.term_since = dt.date(2024, 6, 30), 1, row.since
            row.next_election_on = None
        Organization.objects.bulk_update(gone, ["until", "term_number", "term_since", "next_election_on"])

    def _council(self, area: Area) -> Organization:
        """Fifteen townships keep a council, five streets and zones an association of united-front people."""
        street = area.kind == "street" or area.name.startswith("新港")
        kind = Kind.STREET_ASSOCIATION if street else Kind.TOWNSHIP_COUNCIL
        name = f"{area.name}{'统战人士协会' if street else '乡贤理事会'}"
        return self._organization(kind, area, name, self._in_2022())

    def _fellowships(self) -> list[Organization]:
        rows = []
        for area_kind, kind, label in (
            ("village", Kind.VILLAGE_FELLOWSHIP, "乡贤联谊会"), ("community", Kind.COMMUNITY_FELLOWSHIP, "统战人士联谊会"),
        ):  # fmt: skip
            areas = [area for area in self.villages if area.kind == area_kind]
            first = self._weak_last(areas)[: self.plan.villages_with_organization[area_kind]]
            later = [area for area in areas if area not in set(first)]
            later = self.random.sample(later, len(later) * 7 // 10)
            rows += [self._organization(kind, area, f"{_short(area)}{label}", self._in_2022()) for area in first]
            rows += [self._organization(kind, area, f"{_short(area)}{label}", self._after()) for area in later]
        return rows

    def _weak_last(self, areas: list[Area]) -> list[Area]:
        """Areas in an order that leaves the gaps in a few weak townships."""
        weak = {area.pk for area in self.random.sample(self.townships, max(3, len(self.townships) // 3))}
        return sorted(areas, key=lambda area: (area.parent_id in weak, self.random.random()))

    def _organization(self, kind: str, area: Area, name: str, since: dt.date) -> Organization:
        term = since
        while term + dt.timedelta(days=3 * 365) < self.today - dt.timedelta(days=20):
            term += dt.timedelta(days=3 * 365)
        return Organization(
            kind=kind, area=area, name=name, since=since, term_since=term, next_election_on=term + dt.timedelta(days=3 * 365),
            term_number=1 + (term - since).days // (3 * 365), fields_of_work=[_field_of(kind)],
            charter_on=since if self.random.random() < 0.9 else None,
            registration_number=f"SD{area.code[:9]}{self.random.randint(10**5, 10**6 - 1)}" if kind in Organization.CHAMBERS else "",
        )  # fmt: skip

    def _rosters(self) -> None:
        sizes = {name: members for _, name, members in self.plan.county_organizations}
        people, rows = [], []
        for organization in self.organizations:
            size = sizes.get(organization.name) or self.random.randint(
                *((9, 16) if organization.area.level == 2 else (4, 7))
            )
            for number, post in enumerate(self._posts(organization, size), 1):
                someone = Person(name=self._name(), area=organization.area, phone=self._phone())
                people.append(someone)
                rows.append(Membership(
                    organization=organization, person=someone, post=post, number=number, in_charge=number == 1,
                    since=organization.term_since, until=organization.until, term_number=organization.term_number,
                ))  # fmt: skip
        for someone in people:
            someone.prepare()
        Person.objects.bulk_create(people, batch_size=BATCH)
        Membership.objects.bulk_create(rows, batch_size=BATCH)
        self._former_terms(rows)
        self._confirmations()
        record_many(self.staff, [
            Act(Action.CREATED, o, words=f"登记 {o} 的花名册（演示数据）") for o in self.organizations
        ])  # fmt: skip

    def _posts(self, organization: Organization, size: int) -> list[str]:
        head, deputy, secretary, member = POSTS.get(organization.kind, OTHER_POSTS)
        deputies = 2 if size > 6 else 1
        posts = [head, *[deputy] * deputies, secretary]
        posts += [member] * (size - len(posts))
        if organization.area.level > Level.COUNTY and self.random.random() < 0.08:  # 缺配
            posts.remove(self.random.choice([deputy, secretary]) if deputies == 1 else secretary)
        return posts

    def _former_terms(self, rows: list[Membership]) -> None:
        """The officers of the term before, and the members of the county's associations, who stayed: a past day's roster."""
        former = []
        for row in rows:
            organization = row.organization
            stays = row.post in {"会员", "理事"}
            if organization.term_number > 1 and (not stays or organization.area.level == Level.COUNTY):
                someone = row.person if stays else Person(name=self._name(), area=organization.area)
                someone.prepare()
                former.append(Membership(
                    organization=organization, person=someone, post=row.post, number=row.number, in_charge=row.in_charge,
                    since=organization.since, until=organization.term_since - dt.timedelta(days=1), term_number=1,
                ))  # fmt: skip
        Person.objects.bulk_create([row.person for row in former if row.person.pk is None], batch_size=BATCH)
        Membership.objects.bulk_create(former, batch_size=BATCH)

    def _confirmations(self) -> None:
        rows = []
        for organization in self.organizations:
            age = self.random.choices([40, 110, 210], [76, 16, 8])[0] + self.random.randint(-30, 20)
            last = organization.until or self.today - dt.timedelta(days=age)
            days = [last - dt.timedelta(days=91 * n) for n in range(20)]
            rows += [
                RosterConfirmation(
                    organization=organization, on=day, unchanged=self.random.random() < 0.7, members=6, by=self.staff
                )
                for day in days if day >= organization.since
            ]  # fmt: skip
        RosterConfirmation.objects.bulk_create(rows, batch_size=BATCH)

    # places

    def _stations(self) -> None:
        stations = [
            Station(kind="station", area=area, name=f"{area.name}统战工作联络站", since=self._in_2022(), address=f"{area.name}政府院内",
                    opening_hours=HOURS[0], on_duty=f"{self._name()}（统战委员）、{self._name()}（干事）", fields_of_work=["general"])
            for area in self.townships
        ]  # fmt: skip
        stations += [
            Station(kind="station", area=self.county, unit=unit, name=f"{unit.name}统战工作联络站", since=self._in_2022(),
                    opening_hours=HOURS[0], on_duty=self._name(), fields_of_work=["general"])
            for unit in self.bodies if self.random.random() < 0.86
        ]  # fmt: skip
        self._keep(Station, stations)
        parents = {station.area_id: station for station in stations if station.unit_id is None}
        points = [
            Station(kind="point", area=area, parent=parents[area.parent_id], name=f"{_short(area)}统战工作联络点",
                    since=self._after() if self.random.random() < 0.1 else self._in_2022(), address="党群服务中心",
                    opening_hours=self.random.choice(HOURS), on_duty=self._name())
            for area in self.villages if self.random.random() < 0.95
        ]  # fmt: skip
        self.stations = stations + self._keep(Station, points)

    def _sites(self) -> None:
        order = self._weak_last(self.villages)
        rooms, others = self.plan.rooms, self.plan.other_sites
        hosts = {row.area_id: row for row in self.organizations if row.until is None and row.since <= REPORT_DAY}
        rows = [
            self._site("room", area, "多贤活动室", self._in_2022(), organization=hosts.get(area.pk))
            for area in order[:rooms]
        ]
        rows += [self._site("venue", area, "文化礼堂", self._in_2022()) for area in order[rooms : rooms + others]]
        rows += [self._site("room", area, "多贤活动室", self._after()) for area in order[rooms + others :][::2]]
        for area in self.townships:
            count = self.random.randint(3, 5)
            rows += [self._site("venue", area, f"同心活动场所{n}号", self._in_2022()) for n in range(1, count + 1)]
        for area in self.random.sample(self.townships, self.plan.zones % len(self.townships)) + self.townships * (
            self.plan.zones // len(self.townships)
        ):
            rows.append(self._site("zone", area, f"同心示范区{len(rows)}", self._in_2022(), award="county", award_year=2022,
                                   awarded_by="县委统战部"))  # fmt: skip
        for platform, name in self.plan.platforms:
            place = next((area for area in self.townships if area.name[:2] in name), self.county)
            rows.append(Site(kind="platform", platform=platform, area=place, name=name, since=self._in_2022(),
                             fields_of_work=["general"], address="县城" if place == self.county else place.name))  # fmt: skip
        self.sites = self._keep(Site, rows)

    def _site(self, kind: str, area: Area, label: str, since: dt.date, **fields: Any) -> Site:
        name = f"{_short(area)}{label}"
        return Site(
            kind=kind, area=area, name=name, since=since, address=area.name, fields_of_work=["talent"], **fields
        )

    def _demonstrations(self) -> None:
        pool = [site for site in self.sites if site.kind in {"room", "venue"} and site.since <= REPORT_DAY]
        zones = [site for site in self.sites if site.kind == "zone"]
        chosen: list[dict[str, Any]] = [{"site": site} for site in (zones or pool)[: self.plan.demonstration_sites]]
        chosen += [{"organization": row} for row in self.organizations[4 : 4 + self.plan.demonstration_organizations]]
        rows = [
            self._demonstration(subject, "named", dt.date(2022, 12, self.random.randint(9, 28))) for subject in chosen
        ]
        self._withdraw(rows[0], dt.date(2024, 11, 30), "年度复查“七有”缺两项，限期没有补齐")
        states = ["applied", "applied", "building", "building", "building", "inspected", "inspected"]
        rows += [self._demonstration({"site": site}, state) for site, state in zip(pool[-7:], states, strict=True)]
        rows += [self._demonstration({"site": site}, "named", dt.date(2025, 11, 20)) for site in pool[-9:-7]]
        self.demonstrations = self._keep(Demonstration, rows)
        DemonstrationStep.objects.bulk_create(
            DemonstrationStep(demonstration=row, state=state, on=day, by=self.staff,
                              words=row.withdrawn_reason if state == "withdrawn" else "按程序办理")
            for row in rows for state, day in _steps(row)
        )  # fmt: skip

    def _withdraw(self, row: Demonstration, on: dt.date, reason: str) -> None:
        """A title that was lost keeps its history: it counts until the day before."""
        row.state, row.withdrawn_on, row.withdrawn_reason, row.next_review_on = "withdrawn", on, reason, None

    def _demonstration(self, subject: dict[str, Any], state: str, named: dt.date | None = None) -> Demonstration:
        """A few titles were not reviewed on their last anniversary."""
        place = next(iter(subject.values()))
        applied = (named or dt.date(2026, 8, 10)) - dt.timedelta(days=self.random.randint(60, 120))
        row = Demonstration(
            **subject, area=place.area, state=state, award="county", applied_on=max(applied, START), named_on=named,
            named_by="县委统战部" if named else "",
        )  # fmt: skip
        if named:
            held = [named, *_anniversaries(row, self.today)]
            late = len(held) > 1 and self.random.random() < 0.08
            row.next_review_on = held[-1] if late else next_year(held[-1])
        return row

    def _brands(self) -> None:
        names = ["乡贤回归", "同心助农", "侨心侨力", "新阶层课堂", "商会惠民"]
        chambers = {row.area_id: row for row in self.organizations if row.kind == Kind.TOWNSHIP_CHAMBER}
        self.brands = self._keep(Brand, [
            Brand(area=area, organization=chambers.get(area.pk), name=f"{area.name}“{name}”", since=self._in_2022(),
                  goal="服务群众、凝聚乡贤", carrier="联谊会、活动室", results="年内开展活动 4 场以上" if self.random.random() < 0.8 else "",
                  features="一镇一品", fields_of_work=["talent"])
            for name, area in zip(names * 3, self.townships, strict=False)
        ])  # fmt: skip
        places = [("community", "社区"), ("park", "工业园区"), ("campus", "第一中学"), ("enterprise", "城投公司")]
        self._keep(Outpost, [
            Outpost(area=self.county, kind=kind, name=f"{self.county.name}{label}", since=self._in_2022(),
                    leader=f"{self._name()}（分管领导）", doer=f"{self._name()}（专干）",
                    duties="" if kind == "campus" else "每季度走访一次\n每半年开展一次活动\n年底报告工作")
            for kind, label in places
        ])  # fmt: skip

    def _duties(self) -> None:
        posts = {Level.COUNTY: "牵头领导", Level.TOWNSHIP: "第一责任人", Level.VILLAGE: "网格专干"}
        jobs = {Level.COUNTY: "县委常委", Level.TOWNSHIP: "党委书记", Level.VILLAGE: "村（社区）党组织书记"}
        self._keep(DutyPost, [
            DutyPost(area=area, network=network, post=posts[area.level], official=self._name(), position=jobs[area.level], since=START)
            for area in [self.county, *self.townships, *self.villages]
            for network in ("united_front", "affairs") if area.level < Level.VILLAGE or self.random.random() < 0.96
        ] + [
            DutyPost(area=unit.area, unit=unit, network="united_front", post="分管领导", official=self._name(), position="党组成员",
                     since=START)
            for unit in self.bodies if self.random.random() < 0.9
        ])  # fmt: skip

    def _activities(self) -> None:
        by_area: dict[int, list[Station]] = {}
        for station in self.stations:
            by_area.setdefault(station.area_id, []).append(station)
        self.hosts = [_by_area(rows) for rows in (self.sites, self.organizations, self.brands)]
        quarters = list(_quarters(dt.date(2024, 10, 1), self.today))
        rows = [self._activity(area, quarter, by_area) for quarter in quarters for area in self.villages
                if self.random.random() < 0.72]  # fmt: skip
        rows += [self._activity(area, quarter, by_area, kind) for quarter in quarters for area in self.townships
                 for kind in ("meeting", "study", "visit", "service") if self.random.random() < 0.85]  # fmt: skip
        rows += [self._activity(unit.area, quarter, {}, kind, unit) for quarter in quarters for unit in self.bodies
                 for kind in ("meeting", "study", "visit") if self.random.random() < 0.7]  # fmt: skip
        rows += [
            Activity(area=self.county, kind="hearing", theme=f"县委常委会第{n}次听取统战工作汇报", on=dt.date(2022, 2 * n + 1, 16),
                     head_count=13, place="县委会议室")
            for n in range(1, self.plan.hearings + 1)
        ]  # fmt: skip
        rows += [
            Activity(area=self.county, kind=kind, theme=theme, on=first + dt.timedelta(days=20), head_count=60, place="县委会议室")
            for first in _quarters(dt.date(2025, 1, 1), self.today - dt.timedelta(days=40))
            for kind, theme in (("leading_group", "统战工作领导小组会"), ("progress", "统战工作季度推进会"))
        ]  # fmt: skip
        Activity.objects.bulk_create([row for row in rows if row.on <= self.today], batch_size=BATCH)

    def _activity(
        self, area: Area, first: dt.date, stations: dict[int, list[Station]], kind: str = "", unit: Unit | None = None
    ) -> Activity:
        kind = kind or self.random.choice(list(THEMES))
        own = stations.get(area.pk)
        sites, hosts, brands = ((held.get(area.pk, []) if unit is None else []) for held in self.hosts)
        standing = [site for site in sites if site.since <= first]
        site = self.random.choice(standing) if standing and self.random.random() < 0.4 else None
        hosting = [row for row in hosts if row.since <= first and row.until is None]
        return Activity(
            area=area, unit=unit, kind=kind, theme=f"{unit.name if unit else _short(area)}{THEMES[kind]}",
            on=first + dt.timedelta(days=self.random.randint(3, 88)), head_count=self.random.randint(8, 40),
            station=own[0] if own and not site else None, site=site, place="" if own or site else "会议室",
            organization=hosting[0] if hosting and kind in {"fellowship", "meeting", "visit"} else None,
            brand=brands[0] if brands and kind == "service" and brands[0].since <= first else None,
        )  # fmt: skip

    def _checks(self) -> None:
        """Two rounds of checks by each standard, most of them passed, and the inspections before a title was given."""
        subjects: dict[str, list[tuple[Any, dt.date]]] = {"site": [], "organization": []}
        for row in self.demonstrations:
            if row.state not in {"applied", "building"}:
                subjects["site" if row.site else "organization"].append((row.subject, row.applied_on + 20 * DAY))
        titled = {site.pk for site, _ in subjects["site"]}
        objects = {
            "organizations.organization": [row for row in self.organizations if row.until is None],
            "outreach.site": [site for site in self.sites if site.kind in {"zone", "platform"} or site.pk in titled],
            "outreach.brand": self.brands,
        }
        versions = StandardVersion.objects.filter(standard__area=self.county, until=None).select_related("standard")
        for version in versions:
            label = version.standard.applies_to
            self._checked(version, subjects.get(label.rpartition(".")[2], []), worst=0)
            rows = objects.get(label, [])
            self._checked(version, self._round(rows, dt.date(2024, 12, 10)))
            self._checked(version, self._round(rows, self.today - 20 * DAY))

    def _round(self, rows: Sequence[Any], last: dt.date) -> list[tuple[Any, dt.date]]:
        """(row, day) of a round of checks in the ten months before its last day; a few are left out."""
        chosen = [row for row in rows if row.since <= last and self.random.random() < 0.93]
        return [(row, max(row.since, last - self.random.randint(0, 310) * DAY)) for row in chosen]

    def _checked(self, version: StandardVersion, rows: Iterable[tuple[Any, dt.date]], *, worst: int = 2) -> None:
        """Finished checks on their days, with at most `worst` items unmet."""
        items: list[StandardItem] = list(version.items.all())
        checks, wrong = [], []
        for row, on in rows:
            number = min(worst, self.random.choices([0, 1, 2], [80, 14, 6])[0])
            unmet = set(self.random.choices(range(len(items)), k=number))
            check = Check(version_checked=version, object_name=row.name, on=on, by=self.staff, status="done", missing=len(unmet),
                          passed=not any(items[n].must for n in unmet), recheck_on=on + dt.timedelta(days=365))  # fmt: skip
            check.attach_to(row)
            checks.append(check)
            wrong.append(unmet)
        Check.objects.bulk_create(checks, batch_size=BATCH)
        Answer.objects.bulk_create(
            (
                Answer(inspection=check, item=item, wording=item.wording, verdict="unmet" if number in unmet else "met",
                       reason="正在完善" if number in unmet else "")
                for check, unmet in zip(checks, wrong, strict=True) for number, item in enumerate(items)
            ),
            batch_size=BATCH,
        )  # fmt: skip

    # small things

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

    def _after(self) -> dt.date:
        """A day between the report and last month; more of them lately, so that the trend rises."""
        return dt.date(2023, 3, 1) + dt.timedelta(
            days=int((self.today - dt.date(2023, 4, 1)).days * self.random.random() ** 0.4)
        )

    def _name(self) -> str:
        self.people += 1
        return person(self.people)

    def _phone(self) -> str:
        """An invented number."""
        return f"1380000{self.random.randint(0, 9999):04d}"


def _by_area(rows: Iterable[Any]) -> dict[int, list[Any]]:
    """Area id → the rows that stand there themselves, kept by no body."""
    found: dict[int, list[Any]] = {}
    for row in rows:
        if row.unit_id is None:
            found.setdefault(row.area_id, []).append(row)
    return found


def _short(area: Area) -> str:
    """大兴寨村民委员会 → 大兴寨村: how people call it."""
    name = area.name
    for long, short in (("村民委员会", "村"), ("居民委员会", ""), ("村委会", "村"), ("居委会", "")):
        if name.endswith(long):
            name = name.removesuffix(long) + short
    return name.replace("村村", "村")


def _field_of(kind: str) -> str:
    if kind in Organization.CHAMBERS:
        return "enterprise"
    return {Kind.INTELLECTUALS: "intellectual", Kind.NEW_STRATA: "strata"}.get(kind, "talent")


def _quarters(first: dt.date, until: dt.date) -> Iterator[dt.date]:
    while first <= until:
        yield first
        first = first.replace(month=first.month + 3) if first.month < 10 else dt.date(first.year + 1, 1, 1)


def _anniversaries(row: Demonstration, until: dt.date) -> list[dt.date]:
    """The yearly days after the naming, up to `until`."""
    days, day = [], next_year(row.named_on) if row.named_on else until + dt.timedelta(1)
    while day <= until:
        days.append(day)
        day = next_year(day)
    return days


def _steps(row: Demonstration) -> list[tuple[str, dt.date]]:
    """The steps taken: a title is reviewed every year until it is withdrawn."""
    states = ["applied", "building", "inspected", "named"]
    reached = states[: states.index("named" if row.named_on else row.state) + 1]
    steps = [(state, row.named_on if state == "named" and row.named_on else row.applied_on + dt.timedelta(days=14 * n))
             for n, state in enumerate(reached)]  # fmt: skip
    last = row.withdrawn_on or (row.next_review_on or row.applied_on) - dt.timedelta(days=1)
    steps += [("reviewed", day) for day in _anniversaries(row, last)]
    return steps + ([("withdrawn", row.withdrawn_on)] if row.withdrawn_on else [])
