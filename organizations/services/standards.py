"""Standards and their versions, checks of one register row: begun from the last one, answered, finished and frozen."""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Subquery
from django.utils import timezone

from organizations.models import Answer, Area, Attachment, Check, Standard, StandardItem, StandardVersion
from organizations.services.attachments import attach
from organizations.standards_facts import Known, Look, known, sources_for
from portal.audit.models import Act, Action, Change, record, record_many
from portal.kit import saving
from portal.kit.forms import check_words
from portal.kit.models import StaleVersionError
from portal.kit.scope import require

DAY = dt.timedelta(days=1)
DEFAULTS = Path(settings.BASE_DIR) / "fixtures" / "standards.csv"
REGISTERS = {"organization": "organizations.organization", "site": "outreach.site", "station": "outreach.station",
             "brand": "outreach.brand"}  # fmt: skip
Verdict = Answer.Verdict


class ItemDraft(NamedTuple):
    """One line of a standard as it is written."""

    wording: str
    must: bool = True
    evidence_required: bool = False
    source: str = ""

    @property
    def words(self) -> str:
        """ "有工作计划（必备项，须附材料）"."""
        notes = ["必备项" if self.must else "非必备项"]
        notes += ["须附材料"] if self.evidence_required else []
        notes += [f"自动核查：{StandardItem.Source(self.source).label}"] if self.source else []
        return f"{self.wording}（{'，'.join(notes)}）"


@dataclass(frozen=True)
class Given:
    """What a person says to one item; a blank verdict leaves it to the register, or open."""

    verdict: str = ""
    reason: str = ""
    files: Sequence[Any] = ()


@dataclass
class Line:
    """One item of a check with all that a page shows of it."""

    answer: Answer
    item: StandardItem
    known: Known | None = None
    last: Answer | None = None
    files: list[Attachment] = field(default_factory=list)
    is_open: bool = False

    @property
    def verdict(self) -> str:
        """The present conclusion: the register's, as long as the check is open and nobody said otherwise."""
        if self.known and self.answer.automatic:
            return _register_says(self.known)
        return self.answer.verdict

    @property
    def label(self) -> str:
        return str(Verdict(self.verdict).label)

    @property
    def words(self) -> str:
        return self.known.words if self.known else self.answer.words

    @property
    def is_met(self) -> bool:
        """An open one is not met before its material is there; a finished one is what it was."""
        return self.verdict in {Verdict.MET, Verdict.NOT_APPLICABLE} and not (self.is_open and self.lacks_evidence)

    @property
    def differs(self) -> bool:
        """Whether the conclusion is another one than in the last check."""
        return bool(self.verdict) and self.last is not None and self.last.verdict != self.verdict

    @property
    def lacks_evidence(self) -> bool:
        return self.verdict == Verdict.MET and self.item.evidence_required and not self.files


class Failure(NamedTuple):
    """How often an item fails in the latest checks."""

    wording: str
    must: bool
    failing: int
    checked: int


@dataclass
class Standing:
    """How one row stands by one standard: its last finished check, what it lacks, a check that is being filled in."""

    standard: Standard
    latest: Check | None = None
    draft: Check | None = None
    lacking: list[str] = field(default_factory=list)


# standards


def default_standards(county: Area, *, since: dt.date, by: Any = None) -> list[Standard]:
    """The three of fixtures/standards.csv for `county`; a standard whose code is there already is left alone."""
    held = set(Standard.objects.filter(area=county).values_list("code", flat=True))
    with DEFAULTS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["standard"] not in held]
    made = []
    for code, group in groupby(rows, key=lambda row: row["standard"]):
        lines = list(group)
        label = REGISTERS[lines[0]["applies_to"]]
        standard = Standard(area=county, code=code, name=lines[0]["name"], applies_to=label)
        items = [
            ItemDraft(line["item"], line["must"] == "1", line["evidence_required"] == "1", line["source"])
            for line in lines
        ]
        made.append(create_standard(standard, items, since=since, by=by))
    return made


@transaction.atomic
def create_standard(standard: Standard, items: Sequence[ItemDraft], *, since: dt.date, by: Any) -> Standard:
    """A standard with its first version."""
    _refuse_bad(standard, items)
    standard.full_clean()
    standard.save()
    if by is not None:
        require(by, "add", standard)
    version = StandardVersion.objects.create(standard=standard, since=since)
    _write(version, items)
    record_many(by, [Act(Action.CREATED, standard), Act(Action.CREATED, version)])
    return standard


@transaction.atomic
def revise_standard(
    standard: Standard, items: Sequence[ItemDraft], *, since: dt.date, reason: str, by: Any, expected: int | None = None
) -> StandardVersion:
    """Write new items: into the present version while no check has answered it, else as a new version from `since`.

    Raises StaleVersionError, and ValidationError where the day or the reason does not do.
    """
    _refuse_bad(standard, items)
    present = standard.versions.select_for_update().get(until=None)
    before = drafts_of(present)
    saving.save(standard, by=by, expected=expected)
    if before == list(items):
        return present
    version = _next_version(present, since, reason) if present.checks.exists() else present
    if version is present:
        present.items.all().delete()
    _write(version, items)
    record(by, Action.UPDATED, standard, changes=_differences(before, items), reason=reason)
    return version


def drafts_of(version: StandardVersion) -> list[ItemDraft]:
    """The items of a version, in order, as they would be written."""
    return [ItemDraft(*row) for row in version.items.values_list("wording", "must", "evidence_required", "source")]


def is_answered(standard: Standard) -> bool:
    """Whether its present version was used, so that an edit makes a new one."""
    return Check.objects.filter(version_checked__standard=standard, version_checked__until=None).exists()


def _refuse_bad(standard: Standard, items: Sequence[ItemDraft]) -> None:
    if not items:
        raise ValidationError("请至少填写一项要求。")
    names = [item.wording for item in items]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValidationError(f"“{'、'.join(twice)}”写了两次，每项要求只能写一次。")
    if not any(item.must for item in items):
        raise ValidationError("请至少把一项设为必备项，否则无法判断是否达标。")
    usable = {value for value, _ in sources_for(standard.applies_to)}
    for item in items:
        if item.source not in usable:
            label = StandardItem.Source(item.source).label
            raise ValidationError(
                f"“{item.wording}”：{standard.get_applies_to_display()}不能用“{label}”自动核查，请改选。"
            )


def _next_version(present: StandardVersion, since: dt.date, reason: str) -> StandardVersion:
    if not reason:
        raise ValidationError({"reason": "现行版本已有核查使用，修改会产生新版本，请写明修订说明。"})
    if since <= present.since:
        raise ValidationError({"since": f"新版本应晚于现行版本的起始日期 {present.since}。"})
    if since < timezone.localdate():
        raise ValidationError({"since": "新版本只能从今天或以后开始，以前的核查不变。"})
    present.until = since - DAY
    present.save(update_fields=["until"])
    return StandardVersion.objects.create(
        standard=present.standard, number=present.number + 1, since=since, reason=reason
    )


def _write(version: StandardVersion, items: Sequence[ItemDraft]) -> None:
    StandardItem.objects.bulk_create(
        StandardItem(version=version, number=number, **item._asdict()) for number, item in enumerate(items, 1)
    )


def _differences(before: Sequence[ItemDraft], after: Sequence[ItemDraft]) -> list[Change]:
    return [
        Change(f"item_{number}", f"第 {number} 项", old.words if old else "", new.words if new else "")
        for number, (old, new) in enumerate(zip_longest(before, after), 1)
        if old != new
    ]


# checks


def standards_for(obj: Any) -> QuerySet[Standard]:
    """The standards of the row's county that are asked of rows of its register."""
    return Standard.objects.filter(area__tree_code=obj.area.tree_code[:6], applies_to=obj._meta.label_lower)


@transaction.atomic
def start_check(obj: Any, standard: Standard, *, by: Any, on: dt.date | None = None) -> Check:
    """Begin a check of `obj` from the answers of the last one; a check that is being filled in already is returned."""
    on = on or timezone.localdate()
    type(obj)._default_manager.select_for_update().get(pk=obj.pk)  # two people who begin at once find one check
    if not standards_for(obj).filter(pk=standard.pk).exists():
        raise ValidationError(f"“{standard}”不适用于{obj}。")
    if not obj.holds_on(on):
        raise ValidationError(f"{obj}在 {on} 不在册，不能核查。")
    checks = Check.objects.about(obj).filter(version_checked__standard=standard)
    draft = checks.filter(status=Check.Status.DRAFT).first()
    if draft is not None:
        require(by, "change", draft)
        return draft
    version = standard.versions.in_force(on).first()
    if version is None:
        raise ValidationError(f"“{standard}”在 {on} 没有现行版本，请工作人员先完善标准。")
    check = Check(version_checked=version, object_name=str(obj)[:100], on=on, by=by)
    check.attach_to(obj)
    saving.save(check, by=by)
    answers = Answer.objects.filter(inspection__in=_before(check).order_by("-on", "-pk").values("pk")[:1])
    last = {answer.wording: answer for answer in answers}
    look = Look(obj, on)
    Answer.objects.bulk_create(_first_answer(check, item, last.get(item.wording), look) for item in version.items.all())
    return check


@transaction.atomic
def answer_items(
    check: Check, given: Mapping[int, Given], *, by: Any, expected: int | None = None
) -> dict[int, list[str]]:
    """Write what a person says to the items (by answer id): right ones are saved, wrong ones named with the reason.

    Raises StaleVersionError when somebody else saved the check, ValidationError when it is finished.
    """
    check = _opened(check, expected)
    saving.save(check, by=by)
    problems: dict[int, list[str]] = {}
    changed, changes = [], []
    for line in lines_of(check):
        if line.answer.pk not in given:
            continue
        before = _said(line.answer)
        wrong = _attach_all(line, given[line.answer.pk].files, by) + _say(line, given[line.answer.pk])
        if wrong:
            problems[line.answer.pk] = wrong
        if _said(line.answer) != before:
            line.answer.version += 1
            changed.append(line.answer)
            changes.append(Change(f"answer_{line.item.number}", line.answer.wording, before, _said(line.answer)))
    Answer.objects.bulk_update(changed, ["verdict", "reason", "automatic", "words", "version"])
    if changes:
        record(by, Action.UPDATED, check, changes=changes)
    return problems


@transaction.atomic
def finish_check(check: Check, *, by: Any, expected: int | None = None) -> Check:
    """Freeze a check as of today: what is lacking, passed or not, when to look again. Raises ValidationError."""
    check = _opened(check, expected)
    lines = lines_of(check)
    _refuse_unfinished(lines)
    for line in lines:
        if line.known:
            line.answer.verdict, line.answer.words = line.verdict, line.words
    Answer.objects.bulk_update([line.answer for line in lines], ["verdict", "words"])
    check.missing = len(lacking(lines))
    check.passed = check.missing == 0
    check.on, check.by, check.status = timezone.localdate(), by, Check.Status.DONE
    check.recheck_on = add_months(check.on, check.version_checked.standard.recheck_months)
    return saving.save(check, by=by, action=Action.CONFIRMED)


@transaction.atomic
def drop_check(check: Check, *, by: Any) -> None:
    """Remove a check that was begun by mistake; one with files keeps until they are removed."""
    check = _opened(check, None)
    if Attachment.objects.kept().filter(**_files_of(check)).exists():
        raise ValidationError("这次核查已上传材料，请先移除材料再删除。")
    check.answers.all().delete()
    saving.delete(check, by=by)


def lines_of(check: Check) -> list[Line]:
    """The items of a check with files, the last check's answers and, while it is open, what the register says."""
    before = _before(check).order_by("-on", "-pk").values("pk")[:1]
    rows = Answer.objects.filter(Q(inspection=check) | Q(inspection__in=Subquery(before)))
    found = list(rows.select_related("item", "inspection").order_by("item__number", "pk"))
    last = {answer.wording: answer for answer in found if answer.inspection_id != check.pk}
    files: dict[int, list[Attachment]] = {}
    for attachment in Attachment.objects.kept().filter(**_files_of(check)):
        files.setdefault(attachment.object_id, []).append(attachment)
    answers = [answer for answer in found if answer.inspection_id == check.pk]
    look = _look(check) if check.status == Check.Status.DRAFT else None
    return [
        Line(
            answer,
            answer.item,
            known(answer.item.source, look) if look else None,
            last.get(answer.wording),
            files.get(answer.pk, []),
            check.status == Check.Status.DRAFT,
        )
        for answer in answers
    ]


def lacking(lines: Iterable[Line]) -> list[Line]:
    """The must-items that are not met, or not looked at yet."""
    return [line for line in lines if line.item.must and not line.is_met]


def last_check(lines: Sequence[Line]) -> Check | None:
    """The finished check of the same row by the same standard before this one, as far as it asked the same."""
    return next((line.last.inspection for line in lines if line.last), None)


def owner_of(check: Check) -> Any:
    """The row that is checked, None where it is gone; read once, it stands where the check stands."""
    if "_row" not in vars(check):
        try:
            row = check.owner()
        except (LookupError, ObjectDoesNotExist):
            row = None
        if row is not None and row.area_id == check.area_id:
            row.area = check.area
        vars(check)["_row"] = row
    return vars(check)["_row"]


def standings(obj: Any) -> list[Standing]:
    """How a row stands by each standard of its register; three queries."""
    found = {standard.pk: Standing(standard) for standard in standards_for(obj)}
    for check in Check.objects.about(obj).select_related("version_checked", "by").order_by("on", "pk"):
        standing = found.get(check.version_checked.standard_id)
        if standing is None:
            continue
        if check.status == Check.Status.DONE:
            standing.latest = check
        else:
            standing.draft = check
    latest = {standing.latest.pk: standing for standing in found.values() if standing.latest}
    unmet = Answer.objects.filter(inspection__in=latest, verdict=Verdict.UNMET, item__must=True)
    for pk, wording in unmet.order_by("item__number").values_list("inspection", "wording"):
        latest[pk].lacking.append(wording)
    return list(found.values())


def of_present_rows(checks: QuerySet[Check], on: dt.date | None = None) -> QuerySet[Check]:
    """The checks of rows that are in being on `on`; one that was closed is not asked again."""
    present = Q(pk__in=[])
    for label in Standard.AppliesTo.values:
        rows = apps.get_model(label)._default_manager.in_force(on)  # type: ignore[attr-defined]
        present |= Q(register=label, object_id__in=rows.values("pk"))
    return checks.filter(present)


def failures(standard: Standard, checks: QuerySet[Check]) -> list[Failure]:
    """The items of a standard by how often they fail in `checks`, most often first; not applicable is not counted."""
    answers = Answer.objects.filter(inspection__in=checks.order_by().values("pk"))
    rows = answers.exclude(verdict=Verdict.NOT_APPLICABLE).order_by().values_list("wording", "item__must")
    counts: dict[str, list[int]] = {}
    must: dict[str, bool] = {}
    for wording, is_must, failing, checked in rows.annotate(
        failing=Count("pk", filter=Q(verdict=Verdict.UNMET)), checked=Count("pk")
    ):
        total = counts.setdefault(wording, [0, 0])
        total[0], total[1] = total[0] + failing, total[1] + checked
        must[wording] = must.get(wording, False) or is_must
    found = [Failure(wording, must[wording], *total) for wording, total in counts.items()]
    return sorted(found, key=lambda row: (-row.failing, -row.checked, row.wording))


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, the last of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return dt.date(year, month + 1, min(day.day, (following - DAY).day))


def _opened(check: Check, expected: int | None) -> Check:
    """The check, locked; refused when it is finished or somebody saved it meanwhile."""
    stored = Check.objects.select_for_update().get(pk=check.pk)
    if stored.status == Check.Status.DONE:
        raise ValidationError("这次核查已经完成，不能再改；情况有变化请重新核查。")
    if expected is not None and stored.version != expected:
        raise StaleVersionError(stored)
    return stored


def _before(check: Check) -> QuerySet[Check]:
    """The finished checks of the same row by the same standard before this one."""
    before = Check.objects.done().filter(
        register=check.register, object_id=check.object_id, version_checked__standard=check.version_checked.standard_id
    )
    if check.status == Check.Status.DONE:
        before = before.filter(Q(on__lt=check.on) | Q(on=check.on, pk__lt=check.pk))
    return before


def _look(check: Check) -> Look | None:
    obj = owner_of(check)
    return Look(obj, timezone.localdate()) if obj is not None else None


def _first_answer(check: Check, item: StandardItem, last: Answer | None, look: Look) -> Answer:
    answer = Answer(inspection=check, item=item, wording=item.wording)
    said = known(item.source, look)
    if said is not None:
        answer.verdict, answer.automatic, answer.words = _register_says(said), True, said.words
    elif last is not None:
        answer.verdict, answer.reason = last.verdict, last.reason
    return answer


def _register_says(said: Known) -> str:
    return Verdict.MET if said.met else Verdict.UNMET


def _say(line: Line, given: Given) -> list[str]:
    """Put what a person said into the answer; what is wrong with it, and then the answer stays as it was."""
    if (given.verdict, given.reason) == ("" if line.answer.automatic else line.answer.verdict, line.answer.reason):
        return []  # left as it was, such as taken over from the last check; finishing asks for what is missing
    says = _register_says(line.known) if line.known else ""
    follows = bool(line.known) and given.verdict in {"", says}
    verdict = says if follows else given.verdict
    try:
        check_words(given.reason)
    except ValidationError as error:
        return error.messages
    if verdict == Verdict.NOT_APPLICABLE and not given.reason:
        return ["选“不适用”须写明原因。"]
    if line.known and not follows and not given.reason:
        return [f"登记册的结论是“{Verdict(says).label}”，改为“{Verdict(verdict).label}”须写明原因。"]
    if verdict == Verdict.MET and line.item.evidence_required and not follows and not line.files:
        return ["这一项须附材料：请上传照片或文件后再选“达到”。"]
    answer = line.answer
    answer.verdict, answer.reason, answer.automatic = verdict, given.reason, follows
    answer.words = line.words
    return []


def _attach_all(line: Line, files: Iterable[Any], by: Any) -> list[str]:
    """Keep the files of an item; what is wrong with those that cannot be kept."""
    wrong = []
    for upload in files:
        try:
            with transaction.atomic():
                line.files.append(attach(line.answer, upload, by=by, caption=line.answer.wording))
        except ValidationError as error:
            wrong += error.messages
    return wrong


def _said(answer: Answer) -> str:
    """The conclusion in words, as the trail keeps it."""
    words = str(Verdict(answer.verdict).label) + ("（登记册）" if answer.automatic else "")
    return f"{words}：{answer.reason}" if answer.reason else words


def _refuse_unfinished(lines: Sequence[Line]) -> None:
    blank = [line.answer.wording for line in lines if not line.verdict]
    bare = [line.answer.wording for line in lines if line.lacks_evidence]
    problems = [f"还有 {len(blank)} 项没有核查：{'、'.join(blank)}。"] if blank else []
    problems += [f"以下各项须附材料才能算达到：{'、'.join(bare)}。请上传照片或文件。"] if bare else []
    if problems:
        raise ValidationError(problems)


def _files_of(check: Check) -> dict[str, Any]:
    return {"register": "organizations.answer", "object_id__in": check.answers.order_by().values("pk")}
