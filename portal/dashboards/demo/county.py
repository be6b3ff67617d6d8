"""One county of the demonstration, made through the same services as the pages use."""

import csv
import datetime as dt
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from assessments import scoring
from assessments.models import (
    BonusTier,
    Indicator,
    Publication,
    Quarter,
    Scheme,
    Score,
    SelfReport,
    SelfReportItem,
    Unlock,
)
from assessments.scoring import Facts, Method
from assessments.services.publications import publish_quarter
from assessments.services.quarters import open_quarter, plan_quarter, start_review, unlock
from assessments.services.reviews import Entry, enter_scores, return_items
from assessments.services.schemes import assign_classes, copy_scheme, open_scheme
from organizations.models import Area, Level, Unit
from organizations.services.loading import load_areas
from organizations.services.units import import_bodies, make_township_units
from portal.accounts.models import Grant, User
from portal.accounts.roles import Role
from portal.audit.models import Act, Action, record_many
from portal.dashboards.demo.cast import BODIES_WITH_DUTIES, OTHER_BODIES, PASSWORD, ROLES, person
from portal.dashboards.demo.liaison import Liaison
from portal.dashboards.demo.photos import add_photos
from portal.dashboards.demo.registers import Registers
from portal.kit import files, saving
from portal.papers.models import FormLayout
from portal.papers.services import drafts, layouts
from portal.papers.services.figures import figures_of
from portal.papers.services.papers import create_paper, issue_paper

FOUNDED = dt.date(2022, 1, 1)
FIXTURES = Path(settings.BASE_DIR) / "fixtures"
SHORT_OF = ["佐证不足，缺签到表", "活动照片不全", "台账缺一次记录", "材料与上季重复"]
NOT_HERE = {"诉求办理": "本季没有收到诉求", "结对联系": "没有安排结对任务"}


class County:
    """Builds one county; `suffix` stands behind its account names."""

    def __init__(self, file: str, suffix: str, committee: str, seed: int):
        self.file, self.suffix, self.committee = file, suffix, committee
        self.random = random.Random(seed)
        self.people = seed * 7
        self.password = make_password(PASSWORD)

    def build(self) -> None:
        self._areas()
        self._accounts()
        self._units()
        Registers(self.county, self.file, self.staff, self.people).build()
        add_photos(self.county, [self.township, self.village], by=self.staff)
        Liaison(self.county, self.file, self.suffix, self.staff, self.people).build()
        scheme = self._scheme()
        for number in (1, 2, 3, 4):
            self._published(scheme, number)
        self._papers()
        self._in_review(open_scheme(copy_scheme(scheme, year=2026, by=self.staff), by=self.staff))

    def _areas(self) -> None:
        content = (FIXTURES / "areas" / f"{self.file}.csv").read_bytes()
        report = load_areas([content], on=FOUNDED, not_counted=(FIXTURES / "areas" / "not_counted.csv").read_bytes())
        if report.errors:
            raise RuntimeError(report.errors[0].message)
        self.county = Area.objects.get(code=content.decode("utf-8-sig").splitlines()[1].split(",")[0])
        self.township = Area.objects.in_area(self.county).get(level=Level.TOWNSHIP, name=self.committee)

    def _accounts(self) -> None:
        self.village = village = Area.objects.filter(parent=self.township, counted=True).first()
        places = {Role.COMMITTEE: self.township, Role.VILLAGE: village}
        made = [self._account(f"{code}{self.suffix}", role, places.get(role, self.county)) for code, role, _ in ROLES]
        self.staff = made[0]
        self.second = self._account(f"staff2{self.suffix}", Role.STAFF, self.county)
        self._lead()
        villages = Area.objects.in_area(self.county).filter(level=Level.VILLAGE, counted=True).exclude(pk=village.pk)
        chosen = [area for area in villages if self.random.random() < 0.92]
        users = [
            User(
                username=f"cun{area.code}",
                name=self._name(),
                area=self.county,
                password="!",
                password_changed_at=timezone.now(),
            )
            for area in chosen
        ]
        User.objects.bulk_create(users, batch_size=500)
        grants = [self._grant(user, Role.VILLAGE, area) for user, area in zip(users, chosen, strict=True)]
        Grant.objects.bulk_create(grants, batch_size=500)
        record_many(None, [Act(Action.GRANTED, grant) for grant in grants])

    def _lead(self) -> None:
        """包片领导: answers for two townships."""
        lead = self._account(f"lead{self.suffix}", Role.LEADER, self.township)
        other = (
            Area.objects.in_area(self.county)
            .filter(level=Level.TOWNSHIP, counted=True)
            .exclude(pk=self.township.pk)
            .first()
        )
        grant = self._grant(lead, Role.LEADER, other)
        grant.save()
        record_many(None, [Act(Action.GRANTED, grant)])

    def _account(self, username: str, role: str, area: Area | None, unit: Unit | None = None) -> User:
        user = User.objects.create(
            username=username, name=self._name(), line=Role(role).line, area=self.county, password=self.password,
            password_changed_at=timezone.now(),
        )  # fmt: skip
        grant = self._grant(user, role, area, unit)
        grant.save()
        record_many(None, [Act(Action.CREATED, user), Act(Action.GRANTED, grant)])
        return user

    def _grant(self, user: User, role: str, area: Area | None, unit: Unit | None = None) -> Grant:
        return Grant(
            user=user, role=role, line=Role(role).line, area=area, unit=unit, since=FOUNDED, reason="演示数据",
            confirmed_at=timezone.now(),
        )  # fmt: skip

    def _units(self) -> None:
        make_township_units(self.county, since=FOUNDED, by=self.staff)
        bodies = "\n".join(BODIES_WITH_DUTIES + OTHER_BODIES)
        if self.county.name.endswith("市"):
            bodies = bodies.replace("县", "市")
        self.duties = set(bodies.split("\n")[: len(BODIES_WITH_DUTIES)])
        import_bodies(self.county, bodies, since=FOUNDED, by=self.staff)
        self.units = list(Unit.objects.in_area(self.county).select_related("area"))
        for number, unit in enumerate(self.units, start=1):
            if unit.kind == Unit.Kind.BODY:
                self._account(f"unit{number}{self.suffix}", Role.COMMITTEE, None, unit)
            elif unit.area_id != self.township.pk:
                self._account(f"unit{number}{self.suffix}", Role.COMMITTEE, unit.area)

    def _scheme(self) -> Scheme:
        scheme = Scheme(area=self.county, year=2025, name="2025年度统战工作季度考核方案")
        saving.save(scheme, by=self.staff)
        for days, points in ((10, "0.5"), (5, "0.3"), (2, "0.1")):
            BonusTier.objects.create(scheme=scheme, days_before=days, points=Decimal(points))
        with (FIXTURES / "schemes" / "default.csv").open(encoding="utf-8") as file:
            Indicator.objects.bulk_create(self._indicator(scheme, row) for row in csv.DictReader(file))
        classes = {
            unit.pk: ("1" if unit.kind == "township" else "2" if unit.name in self.duties else "3", "")
            for unit in self.units
        }
        classes[self.units[-1].pk] = ("3", "年内新组建，当年不参加排名")
        assign_classes(scheme, classes, by=self.staff)
        return open_scheme(scheme, by=self.staff)

    @staticmethod
    def _indicator(scheme: Scheme, row: dict[str, str]) -> Indicator:
        points = {f"points_{n}": Decimal(row[f"points_{n}"]) if row[f"points_{n}"] else None for n in "123"}
        return Indicator(
            scheme=scheme, number=int(row["number"]), category=row["category"], name=row["name"], method=row["method"],
            unit_points=Decimal(row["unit_points"]) if row["unit_points"] else None, measure=row["measure"],
            criteria=row["criteria"], evidence_wanted=row["evidence_wanted"], evidence_required=row["evidence_required"] == "yes",
            **points,
        )  # fmt: skip

    def _quarter(self, scheme: Scheme, number: int) -> Quarter:
        first = dt.date(scheme.year, 3 * number - 2, 1)
        due = dt.date(scheme.year, 3 * number, 25)
        quarter = Quarter(
            scheme=scheme, year=scheme.year, number=number, opens_on=first, report_due_on=due,
            review_due_on=due + dt.timedelta(days=15),
        )  # fmt: skip
        plan_quarter(quarter, by=self.staff)
        return open_quarter(quarter, by=self.staff)

    def _published(self, scheme: Scheme, number: int) -> None:
        quarter = self._quarter(scheme, number)
        self._report(quarter, share=1)
        quarter = start_review(quarter, by=self.staff)
        self._score(quarter, share=1)
        at = timezone.make_aware(dt.datetime.combine(quarter.review_due_on, dt.time(10, 30)))
        publish_quarter(quarter, by=self.staff, at=at)
        if number == 2:
            self._correct(quarter, at)

    def _papers(self) -> None:
        """The bulletin of the last published quarter, issued, and a letter that waits for its date."""
        publication = Publication.objects.select_related("quarter__scheme__area").filter(
            quarter__scheme__area=self.county
        ).latest().first()  # fmt: skip
        bulletin = drafts.bulletin(publication, by=self.staff)
        bulletin.dated = timezone.localtime(publication.at).date()
        bulletin.document_number = f"统通〔{bulletin.dated.year}〕1号"
        bulletin = create_paper(bulletin, by=self.staff)
        issue_paper(bulletin, by=self.staff, expected=bulletin.version)
        followed = figures_of(publication, by=self.staff).followed
        create_paper(drafts.letter(followed[0], by=self.staff), by=self.staff)
        form = SimpleUploadedFile(
            "基层统战组织登记表.xlsx", layouts.sample("organization", "xlsx"), files.TYPES["xlsx"][0]
        )
        layouts.keep(
            FormLayout(area=self.county, name="基层统战组织登记表", subject="organization"), form, by=self.staff
        )

    def _correct(self, quarter: Quarter, at: dt.datetime) -> None:
        """An upheld appeal: one score changes, revision 2 says why."""
        quarter.refresh_from_db()
        reason = "复核申诉成立：补交的会议记录属实"
        unlock(
            quarter,
            purpose=Unlock.Purpose.CORRECTION,
            reason=reason,
            ends_at=timezone.now() + dt.timedelta(days=1),
            by=self.staff,
        )
        score = Score.objects.filter(
            report__quarter=quarter, report__unit_class="1", task__indicator__method=Method.MANUAL
        ).order_by("points", "pk").select_related("task").first()  # fmt: skip
        enter_scores(
            quarter,
            [Entry(score.report_id, score.task_id, scoring.plain(score.task.points_1), score.version, reason)],
            by=self.staff,
        )
        publish_quarter(quarter, by=self.staff, reason=reason, at=at + dt.timedelta(days=6))

    def _in_review(self, scheme: Scheme) -> None:
        quarter = self._quarter(scheme, 3)
        self._report(quarter, share=0.93)
        quarter = start_review(quarter, by=self.staff)
        quarter.review_due_on = max(quarter.review_due_on, timezone.localdate() + dt.timedelta(days=5))
        saving.save(quarter, by=self.staff)
        self._score(quarter, share=0.85)
        for report in quarter.reports.filter(unit_class="1").select_related("unit__area", "quarter__scheme__area")[2:4]:
            tasks = [
                item.task
                for item in report.items.select_related("task__indicator").filter(task__indicator__method="manual")[:2]
            ]
            if tasks:
                return_items(report, tasks, reason="缺少活动照片和签到表，请补充", by=self.staff)

    def _report(self, quarter: Quarter, *, share: float) -> None:
        """Self-reports of most units, one audit row each (the demonstration types in bulk)."""
        tasks = list(quarter.tasks.select_related("indicator"))
        items, acts, handed_in = [], [], []
        for report in quarter.reports.select_related("unit__area", "quarter__scheme__area"):
            if self.random.random() > share and report.unit.area_id != self.township.pk:
                continue
            skill = self.random.uniform(0.72, 1)
            lateness = self.random.choice([-12, -8, -6, -4, -3, -2, 0, 0, 1, 3])
            for task in tasks:
                maximum = task.points_for(report.unit_class)
                if maximum and task.indicator.method != Method.MEASURED:
                    items.append(self._item(report, task, maximum, skill, lateness))
            handed_in.append(report)
            acts.append(Act(Action.SUBMITTED, report, words=f"提交 {report}（演示数据）"))
        SelfReportItem.objects.bulk_create(items, batch_size=500)
        at = timezone.make_aware(dt.datetime.combine(quarter.report_due_on, dt.time(16, 0)))
        SelfReport.objects.filter(pk__in=[report.pk for report in handed_in]).update(
            status=SelfReport.Status.SUBMITTED, submitted_at=at
        )
        record_many(self.staff, acts)

    def _item(self, report: SelfReport, task: Any, maximum: Decimal, skill: float, lateness: int) -> SelfReportItem:
        done = min(task.due_on + dt.timedelta(days=lateness + self.random.randint(-2, 2)), timezone.localdate())
        item = SelfReportItem(report=report, task=task, done_on=done, status=SelfReportItem.Status.SUBMITTED)
        item.note = self.random.choice(["", "已按要求完成，材料附后。", "由分管负责同志牵头落实。"])
        method, each = task.indicator.method, task.indicator.unit_points
        if method == Method.PER_COUNT:
            most = int(maximum / each) + 1
            item.count = max(0, min(most, round(most * skill) - self.random.choice([0, 0, 0, 1])))
        elif method == Method.DEDUCT:
            item.count = self.random.choice([0, 0, 0, 1, 1, 2, 3]) if skill < 0.9 else 0
        elif method == Method.RATIO:
            target = self.random.randint(6, 20)
            item.target = Decimal(target)
            item.achieved = Decimal(min(target, round(target * self.random.uniform(skill, 1))))
        rule = task.indicator.rule(maximum)
        proposed = scoring.score(rule, Facts(count=item.count, achieved=item.achieved, target=item.target)).proposed
        if proposed is None:
            full = method == Method.PASS_FAIL and self.random.random() < skill
            share = (
                Decimal(str(round(self.random.uniform(skill, 1) * 2) / 2))
                if method == Method.MANUAL
                else Decimal(int(full))
            )
            proposed = maximum if full else min(maximum, max(Decimal(0), scoring.half_up(maximum * share * 2, 0) / 2))
        item.points = proposed
        return item

    def _score(self, quarter: Quarter, *, share: float) -> None:
        """Confirm most of what was reported, change some with a reason, leave some blank."""
        items = {
            (item.report_id, item.task_id): item
            for item in SelfReportItem.objects.filter(report__quarter=quarter).select_related("task__indicator")
        }
        for unit_class in "123":
            entries = []
            for score in Score.objects.filter(report__quarter=quarter, report__unit_class=unit_class).select_related(
                "task__indicator"
            ):
                entry = self._entry(score, items.get((score.report_id, score.task_id)), share)
                if entry:
                    entries.append(entry)
            outcome = enter_scores(quarter, entries, by=self.random.choice([self.staff, self.second]))
            if outcome.refused:
                raise RuntimeError(outcome.refused[0].message)

    def _entry(self, score: Score, item: SelfReportItem | None, share: float) -> Entry | None:
        method, name = score.task.indicator.method, score.task.indicator.name
        if method == Method.MEASURED or self.random.random() > share:
            return None
        if name in NOT_HERE and self.random.random() < 0.04:
            return Entry(score.report_id, score.task_id, "不适用", score.version, NOT_HERE[name])
        if item is None:
            return Entry(score.report_id, score.task_id, "0", score.version, "未提交自评") if share == 1 else None
        if method == Method.MANUAL and item.points and item.points > 1 and self.random.random() < 0.25:
            return Entry(
                score.report_id,
                score.task_id,
                scoring.plain(item.points - Decimal("0.5")),
                score.version,
                self.random.choice(SHORT_OF),
            )
        value = scoring.plain(item.points) if method in {Method.MANUAL, Method.PASS_FAIL} else None
        return Entry(score.report_id, score.task_id, value, score.version, confirm=True)

    def _name(self) -> str:
        self.people += 1
        return person(self.people)
