"""Rosters: one organization's on any day, its grid, a pasted text, a new term; lists of lines, people, required posts."""

import datetime as dt
import json
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from organizations.filters import rosters as filters
from organizations.forms import rosters as forms
from organizations.models import Membership, Organization, Person, PersonMerge, RequiredPost
from organizations.roster_text import parse_roster
from organizations.services import rosters as services
from organizations.services.people import (
    Candidates,
    candidates_for,
    doubles_of,
    merge_people,
    similar_people,
    undo_merge,
)
from organizations.services.reveals import reveals_of
from organizations.services.rosters import Line, Outcome
from organizations.tables import rosters as tables
from organizations.tables.organizations import STALENESS, staleness
from portal.audit.models import claim
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.secrets import PhoneField
from portal.kit.views import act_once, act_whole, permitted_or_404, reported, submission_key

ORGANIZATIONS = Organization.objects.select_related("area__parent", "unit")
CHANGE = "organizations.change_membership"
PEOPLE: list[views.Crumb] = [
    ("组织与阵地", None), ("成员花名册", "/organizations/members/"), ("人员", "/organizations/people/")
]  # fmt: skip
CELLS = ("name", "post", "in_charge", "phone", "since", "until")
BLANK_ROWS = 40
PASTED = ("name", "post", "phone", "since", "in_charge", "person", "text")  # fields of one previewed line
WHICH = "可能是已有的人员，请选择是哪一个"
NEW, NEW_ROWS, NEW_MOST = 1000, 8, 200  # lines of a new term that name new people are numbered from here


@require_GET
@permission_required("organizations.view_membership")
def roster(request: HttpRequest, pk: int) -> HttpResponse:
    """The roster on a day. Whoever keeps it edits today's, and corrects lines of an earlier one."""
    organization = permitted_or_404(ORGANIZATIONS, request.user, pk=pk)
    on, wrong = _day(request.GET.get("on", ""))
    members = list(organization.memberships.in_force(on).select_related("person__area").order_by("number", "pk"))
    today = timezone.localdate()
    lines_there = on == today or (on < today and bool(members))
    editable = lines_there and organization.holds_on(today) and may_keep(request.user, organization)
    last = organization.confirmations.select_related("by").filter(on__lte=on).first()
    tone = staleness(last.on if last else None, on)
    term = max((row.term_number for row in members), default=organization.term_number)
    return render(request, "organizations/roster.html", {
        "title": f"{organization} · 花名册", "crumbs": crumbs_of(organization), "organization": organization, "on": on, "today": today,
        "wrong": wrong, "members": members, "editable": editable, "lacking": services.lacking(organization, members, on),
        "tone": tone, "staleness": STALENESS[tone], "last": last, "form": KeyedForm(),
        "grid": grid_of(members, organization, BLANK_ROWS if on == today else 0) if editable else None,
        "keeping": editable and on == today, "term": organization.term_number if on == today else term,
    })  # fmt: skip


@require_POST
@permission_required(CHANGE)
def roster_rows(request: HttpRequest, pk: int) -> JsonResponse:
    """Save typed lines as the grid sends them; the same key again gives the same answer."""
    organization = permitted_or_404(ORGANIZATIONS, request.user, "change", pk=pk)
    try:
        asked = json.loads(request.body)
        lines = [Line.read(int(row["row"]), row) for row in asked["rows"]]
        key, replace, dry_run = str(asked["key"])[:64], bool(asked.get("replace")), bool(asked.get("dry_run"))
    except RequestDataTooBig:
        return JsonResponse({"message": "一次提交的内容太多，请分次保存。"}, status=413)
    except (ValueError, TypeError, KeyError, AttributeError):
        return JsonResponse({"message": "提交的内容格式不对，请刷新页面后再试。"}, status=400)
    try:
        return JsonResponse(_saved(request, organization, key, lines, replace, dry_run))
    except ValidationError as error:
        return JsonResponse({"message": "；".join(error.messages)}, status=422)


@transaction.atomic
def _saved(
    request: HttpRequest, organization: Organization, key: str, lines: list[Line], replace: bool, dry_run: bool
) -> dict[str, Any]:
    if dry_run:
        outcome = services.save_roster(organization, lines, by=request.user, replace=replace, dry_run=True)
        return answer_of(outcome)
    submission, first = claim(request.user, submission_key(request, key))
    if first:
        with transaction.atomic():
            outcome = services.save_roster(organization, lines, by=request.user, replace=replace)
        submission.answer = answer_of(outcome)
        submission.save(update_fields=["answer"])
    return submission.answer


@require_POST
@permission_required("organizations.add_rosterconfirmation")
def roster_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """本季无变化."""
    organization = permitted_or_404(ORGANIZATIONS, request.user, "change", pk=pk)
    with reported(request, "已确认：花名册本季无变化。"):
        act_once(request, lambda: services.confirm_unchanged(organization, by=request.user))
    return redirect("organizations:roster", pk)


@permission_required(CHANGE)
def roster_paste(request: HttpRequest, pk: int) -> HttpResponse:
    """A pasted text → a preview with doubts, editable → written. Nothing is saved before the last step."""
    organization = permitted_or_404(ORGANIZATIONS, request.user, "change", pk=pk)
    context = {
        "title": f"{organization} · 粘贴名单",
        "crumbs": crumbs_of(organization, True),
        "organization": organization,
    }
    if request.method != "POST":
        return render(request, "organizations/roster_paste.html", context | {"form": forms.PasteForm()})
    form = forms.PasteForm(request.POST)
    if request.POST.get("step") == "write":
        return _write_pasted(request, organization, context)
    if not form.is_valid():
        return render(request, "organizations/roster_paste.html", context | {"form": form}, status=422)
    parsed = parse_roster(form.cleaned_data["text"])
    rows = [
        {"row": number, "name": row.name, "post": row.post, "phone": row.phone, "since": row.since or "", "text": row.text,
         "in_charge": row.post in {"会长", "理事长"}, "doubts": [doubt.message for doubt in row.doubts]}
        for number, row in enumerate(parsed.rows, 1)
    ]  # fmt: skip
    ignored = [line for line in parsed.ignored if line.text.strip()]
    return _preview(request, organization, context, rows, ignored=ignored)


def _preview(
    request: HttpRequest, organization: Organization, context: dict[str, Any], rows: list[dict[str, Any]], *, ignored: Any = (),
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """The rows with who each may be, what is doubtful, and who would leave were the whole roster replaced by them."""
    for row, who in zip(rows, _candidates(request, organization, rows), strict=True):
        row.update(_who(row, who))
        if who.choices and row["chosen"] is None and WHICH not in row["doubts"]:
            row["doubts"] = [*row["doubts"], WHICH]
    kept = {row["name"] for row in rows}
    present = organization.memberships.in_force().select_related("person").order_by("number", "pk")
    leaving = [f"{row.person.name}（{row.post}）" for row in present if row.person.name not in kept]
    return render(request, "organizations/roster_preview.html", context | {
        "rows": rows, "ignored": ignored, "form": KeyedForm(), "doubted": sum(bool(row["doubts"]) for row in rows), "leaving": leaving,
    }, status=status)  # fmt: skip


def _who(row: dict[str, Any], who: Candidates) -> dict[str, Any]:
    """Who a line may be and who is chosen; a choice that was made for another name does not count."""
    asked = row.get("person", "")
    asked = asked if asked in {str(value) for value, _ in who.choices} else ""
    return {"choices": who.choices, "person": asked, "chosen": int(asked) if asked else who.chosen}


def _candidates(request: HttpRequest, organization: Organization, rows: list[dict[str, Any]]) -> list[Candidates]:
    lines = [(row["name"].strip(), _phone(row["phone"])) for row in rows]
    return candidates_for(organization, lines, user=request.user)


def _write_pasted(request: HttpRequest, organization: Organization, context: dict[str, Any]) -> HttpResponse:
    """Write the previewed rows; wrong ones come back with what was typed in all of them."""
    numbers = [number for number in request.POST.getlist("row") if number.isdigit()][: services.MOST_ROWS]
    rows = [{name: request.POST.get(f"{name}-{number}", "") for name in PASTED} | {"row": int(number)}
            for number in numbers if request.POST.get(f"keep-{number}")]  # fmt: skip
    replace, problems = request.POST.get("replace") == "yes", {}
    for row, who in zip(rows, _candidates(request, organization, rows), strict=True):
        row.update(_who(row, who))
        if who.choices and row["chosen"] is None:
            problems[row["row"]] = [WHICH]
    lines = [Line.read(row["row"], row) for row in rows if row["row"] not in problems]
    outcome = Outcome()
    if not (replace and problems):  # one wrong line stops a replacement
        try:
            save = partial(services.save_roster, organization, lines, by=request.user, replace=replace)
            outcome = act_once(request, save) or outcome
        except ValidationError as error:
            messages.error(request, "；".join(error.messages))
            problems |= {row["row"]: [] for row in rows}
    for refusal in outcome.refused:
        problems.setdefault(refusal.row, []).append(refusal.message)
    for _, message in outcome.warnings if outcome.rows else ():
        messages.warning(request, message)
    if problems:
        left = [row | {"doubts": problems.get(row["row"], [])} for row in rows if replace or row["row"] in problems]
        if not replace and outcome.rows:
            messages.success(request, f"已保存 {len(outcome.rows)} 行；下面 {len(left)} 行需要改正。")
        return _preview(request, organization, context | {"replace": replace}, left, status=422)
    if outcome.rows:
        messages.success(request, words_of(outcome))
    return redirect("organizations:roster", organization.pk)


@permission_required(CHANGE)
def roster_reelect(request: HttpRequest, pk: int) -> HttpResponse:
    """换届: who stays is ticked, new people are added below; one step closes the old term and opens the new one."""
    organization = permitted_or_404(ORGANIZATIONS, request.user, "change", pk=pk)
    members = list(organization.memberships.in_force().select_related("person__area").order_by("number", "pk"))
    saving = request.method == "POST" and "more" not in request.POST
    form = forms.ReelectForm(request.POST if saving else None, initial=_asked(request, "on", "next_election_on"))
    added = _added_rows(request, organization)
    problems = {row["row"]: [WHICH] for row in added if row["name"] and row["choices"] and row["chosen"] is None}
    shown = {pk for pk in request.POST.getlist("member") if pk.isdigit()}
    if saving and shown != {str(member.pk) for member in members}:
        form.is_valid()
        form.add_error(None, "花名册在您打开这一页以后有变化，下面是最新的成员；请重新核对连任和职务后再办理。")
    elif saving and form.is_valid() and not problems:
        problems = _reelected(request, organization, form, [*_staying(request, members), *map(_added, added)])
        if not form.errors and not problems:
            messages.success(request, "换届已办理，新一届花名册已建立。")
            return redirect("organizations:roster", pk)
    return render(request, "organizations/roster_reelect.html", {
        "title": f"{organization} · 换届", "crumbs": crumbs_of(organization, True), "organization": organization, "form": form,
        "rows": _present_rows(request, members, problems), "next_term": organization.term_number + 1,
        "more": [row | {"problems": problems.get(row["row"], []) if saving else []} for row in added], "most": len(added) >= NEW_MOST,
    }, status=422 if saving else 200)  # fmt: skip


def _reelected(request: HttpRequest, organization: Organization, form: Any, lines: list[Line]) -> dict[int, list[str]]:
    """Carry a 换届 out; line → what is wrong with it, other errors on the form."""
    days = {name: form.cleaned_data[name] for name in ("on", "next_election_on")}
    try:
        outcome = act_whole(request, lambda: services.reelect(organization, lines, by=request.user, **days))
    except ValidationError as error:
        form.add_error(None, ValidationError(error.messages))
        return {}
    problems: dict[int, list[str]] = {}
    for refusal in outcome.refused if outcome else ():
        problems.setdefault(refusal.row, []).append(refusal.message)
    for _, message in outcome.warnings if outcome and not problems else ():
        messages.warning(request, message)
    return problems


def _present_rows(
    request: HttpRequest, members: list[Membership], problems: dict[int, list[str]]
) -> list[dict[str, Any]]:
    posted = request.POST
    return [
        {"row": n, "member": member, "stays": not posted or bool(posted.get(f"keep-{member.pk}")),
         "post": posted.get(f"post-{member.pk}", member.post), "problems": problems.get(n, []),
         "in_charge": bool(posted.get(f"in_charge-{member.pk}")) if posted else member.in_charge}
        for n, member in enumerate(members, 1)
    ]  # fmt: skip


def _staying(request: HttpRequest, members: list[Membership]) -> list[Line]:
    """The ticked members of the present term, by their key."""
    posted, lines = request.POST, []
    for n, member in enumerate(members, 1):
        if posted.get(f"keep-{member.pk}"):
            values = {"name": member.person.name, "post": posted.get(f"post-{member.pk}", ""), "id": member.pk}
            lines.append(Line.read(n, values | {"in_charge": posted.get(f"in_charge-{member.pk}")}))
    return lines


def _added_rows(request: HttpRequest, organization: Organization) -> list[dict[str, Any]]:
    """The rows for new people as they were typed, more of them when asked, with who each may be."""
    posted = request.POST
    asked = posted.get("added", "")
    number = min(int(asked), NEW_MOST) if asked.isdigit() and len(asked) < 4 else NEW_ROWS  # noqa: PLR2004
    number = min(number + NEW_ROWS, NEW_MOST) if "more" in posted else number
    names = ("name", "post", "phone", "person", "in_charge")
    rows = [
        {name: posted.get(f"new-{name}-{n}", "") for name in names} | {"row": NEW + n, "n": n}
        for n in range(1, number + 1)
    ]
    return [row | _who(row, who) for row, who in zip(rows, _candidates(request, organization, rows), strict=True)]


def _added(row: dict[str, Any]) -> Line:
    return Line.read(row["row"], row)


def _asked(request: HttpRequest, *names: str) -> dict[str, str]:
    return {name: request.POST[name] for name in names if request.POST.get(name)}


class MembershipListView(views.ListView):
    model = Membership
    queryset = Membership.objects.select_related("person__area", "organization__area")
    table_class = tables.MembershipTable
    filterset_class = filters.MembershipFilterSet
    title = "成员花名册"
    crumbs = [("组织与阵地", None)]
    empty_title = "没有符合条件的成员"
    empty_hint = "请放宽筛选条件；还没有登记的，在组织的花名册里粘贴名单。"

    def get_actions(self) -> list[views.Button]:
        stale = f"{reverse('organizations:organization_list')}?o=verified_on"
        buttons = [{"label": "核实情况", "url": stale}, {"label": "人员", "url": reverse("organizations:person_list")}]
        if self.request.user.has_perm("organizations.change_requiredpost"):
            buttons.append({"label": "应配职务", "url": reverse("organizations:requiredpost_list")})
        return buttons


class PersonListView(views.ListView):
    model = Person
    queryset = Person.objects.current().select_related("area")
    table_class = tables.PersonTable
    filterset_class = filters.PersonFilterSet
    crumbs = PEOPLE[:2]

    def get_actions(self) -> list[views.Button]:
        return [{"label": "合并记录", "url": reverse("organizations:personmerge_list")}]


class PersonDetailView(views.DetailView):
    model = Person
    queryset = Person.objects.select_related("area", "merged_into")
    template_name = "organizations/person_detail.html"
    fields = ("name", "phone", "area", "merged_into")
    crumbs = PEOPLE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person, user = self.object, self.request.user
        posts = (
            Membership.objects.permitted(user)
            .filter(person=person)
            .select_related("organization__area")
            .order_by("-since")
        )
        merges = PersonMerge.objects.permitted(user).filter(kept=person).select_related("kept", "dropped", "by")
        alike = doubles_of(person, user=user) if not person.merged_into_id else []
        may_merge = user.has_perm("organizations.merge_person") and user.has_perm("organizations.change_person", person)
        return super().get_context_data(
            posts=list(posts),
            merges=list(merges),
            alike=list(alike),
            may_merge=may_merge,
            form=KeyedForm(),
            reveals=reveals_of(person)[:20] if person.phone else None,
            **kwargs,
        )

    def get_actions(self) -> list[views.Button]:
        if self.object.merged_into_id or not self.may("change", self.object):
            return []
        found = [{"label": "修改", "url": reverse("organizations:person_update", args=[self.object.pk])}]
        if self.object.phone and self.may("reveal"):
            found.insert(0, {"label": "查看电话", "url": reverse("organizations:person_reveal", args=[self.object.pk])})
        return found


class PersonUpdateView(views.UpdateView):
    model = Person
    queryset = Person.objects.current().select_related("area")
    form_class = forms.PersonForm


class PersonMergeListView(views.ListView):
    model = PersonMerge
    queryset = PersonMerge.objects.select_related("kept", "dropped", "by")
    table_class = tables.PersonMergeTable
    filterset_class = filters.PersonMergeFilterSet
    title = "人员合并记录"
    crumbs = PEOPLE
    empty_title = "没有合并记录"
    empty_hint = "在人员页面“对照合并”两条重复的记录以后，这里列出谁在什么时候合并了什么。"


class PersonMergeDetailView(views.DetailView):
    """What was merged into what, the posts that went over, and the way back while there is one."""

    model = PersonMerge
    queryset = PersonMerge.objects.select_related("kept__area", "dropped__area", "by")
    template_name = "organizations/personmerge_detail.html"
    fields = ("kept", "dropped", "by", "at", "undone_at")
    crumbs = [*PEOPLE, ("合并记录", "/organizations/merges/")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        merge, user = self.object, self.request.user
        moved = Membership.objects.permitted(user).filter(pk__in=merge.moved).select_related("organization", "person")
        may_undo = user.has_perm("organizations.merge_person") and user.has_perm(
            "organizations.change_person", merge.kept
        )
        return super().get_context_data(
            moved=list(moved), may_undo=may_undo and merge.can_be_undone, form=KeyedForm(), **kwargs
        )


@permission_required("organizations.merge_person")
def person_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Two records side by side; whose name and phone to keep."""
    people = Person.objects.current().select_related("area")
    kept = permitted_or_404(people, request.user, "change", pk=pk)
    other = request.GET.get("other") or request.POST.get("other") or ""
    dropped = permitted_or_404(
        people, request.user, "change", pk=int(other) if other.isascii() and other.isdigit() and len(other) < 18 else 0
    )
    form = forms.MergeForm(request.POST or None, kept=kept, dropped=dropped)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        with reported(request, f"已合并；{PersonMerge.UNDO_DAYS} 天内可以撤销。"):
            act_once(
                request,
                lambda: merge_people(kept, dropped, name=values["name"], phone=values["phone"], by=request.user),
            )
            return redirect(kept)
    posts = Membership.objects.permitted(request.user).filter(person__in=[kept, dropped]).select_related("organization")
    return render(request, "organizations/person_merge.html", {
        "title": "合并重复的人员", "crumbs": [("人员", "/organizations/people/"), (str(kept), kept.get_absolute_url())], "form": form,
        "sides": [(person, [post for post in posts if post.person_id == person.pk]) for person in (kept, dropped)],
        "kept": kept, "dropped": dropped, "submit_label": "合并", "days": PersonMerge.UNDO_DAYS,
    }, status=422 if request.method == "POST" else 200)  # fmt: skip


@require_POST
@permission_required("organizations.merge_person")
def personmerge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    merge = permitted_or_404(PersonMerge.objects.select_related("kept", "dropped"), request.user, pk=pk)
    permitted_or_404(Person.objects.all(), request.user, "change", pk=merge.kept_id)
    with reported(request, "合并已撤销，两条记录和任职都已恢复。"):
        act_once(request, lambda: undo_merge(merge, by=request.user))
    return redirect(merge.dropped)


@require_POST
@permission_required("organizations.view_person")
def person_similar(request: HttpRequest) -> JsonResponse:
    """Records that may be the same person as a name (and number) being typed; by POST, so that no number is in a log."""
    found = similar_people(request.user, request.POST.get("name", "")[:30], _phone(request.POST.get("phone", "")))
    return JsonResponse({"people": [
        {"id": person.pk, "name": person.name, "phone": str(person.phone or ""), "area": person.area.name} for person in found
    ]})  # fmt: skip


class RequiredPostListView(views.ListView):
    model = RequiredPost
    action = "change"
    table_class = tables.RequiredPostTable
    filterset_class = filters.RequiredPostFilterSet
    crumbs = [("组织与阵地", None), ("成员花名册", "/organizations/members/")]
    paginate_by = 100

    def get_actions(self) -> list[views.Button]:
        return (
            [{"label": "新增应配职务", "url": reverse("organizations:requiredpost_create"), "primary": True}]
            if self.may("add")
            else []
        )


class RequiredPostCreateView(views.CreateView):
    model = RequiredPost
    form_class = forms.RequiredPostForm


class RequiredPostUpdateView(views.UpdateView):
    model = RequiredPost
    form_class = forms.RequiredPostForm


def may_keep(user: Any, organization: Organization) -> bool:
    """Whether `user` keeps this organization's roster; costs no query."""
    reach = user.reach(CHANGE)
    return bool(reach.covers(organization.area.tree_code) or organization.unit_id in reach.units)


def crumbs_of(organization: Organization, inside: bool = False) -> list[tuple[str, str | None]]:
    crumbs = [
        ("基层统战组织", reverse("organizations:organization_list")),
        (str(organization), organization.get_absolute_url()),
    ]
    return [*crumbs, ("花名册", reverse("organizations:roster", args=[organization.pk]))] if inside else crumbs


def grid_of(members: list[Membership], organization: Organization, blank: int) -> dict[str, Any]:
    """The roster as the browser's grid gets it, phones masked; without blank rows nothing is added to it."""
    return {
        "columns": [{"name": name, "label": label} for name, label in zip(
            CELLS, ("姓名", "职务", "负责人", "联系电话", "任职日期", "离任日期"), strict=True)],
        "rows": [row_of(member) for member in members], "blank": blank, "organization": organization.name,
    }  # fmt: skip


def row_of(member: Membership) -> dict[str, Any]:
    cells = [member.person.name, member.post, "是" if member.in_charge else "", str(member.person.phone or ""),
             str(member.since), str(member.until or "")]  # fmt: skip
    return {"id": member.pk, "version": member.version, "cells": cells}


def answer_of(outcome: Outcome) -> dict[str, Any]:
    return {
        "saved": [{"row": number, **row_of(member)} for number, member in outcome.rows.items()],
        "refused": [{"row": wrong.row, "field": wrong.field, "message": wrong.message,
                     "theirs": row_of(wrong.theirs) if wrong.theirs else None, "asks": wrong.asks} for wrong in outcome.refused],
        "counts": {"new": len(outcome.new), "changed": len(outcome.changed), "kept": len(outcome.kept), "leaving": len(outcome.leaving)},
        "leaving": [f"{member.person.name}（{member.post}）" for member in outcome.leaving],
        "warnings": [{"row": row, "message": message} for row, message in outcome.warnings],
        "renamed": outcome.renamed, "words": words_of(outcome),
    }  # fmt: skip


def words_of(outcome: Outcome) -> str:
    parts = [("新增", outcome.new), ("修改", outcome.changed), ("不变", outcome.kept), ("离任", outcome.leaving)]
    return "花名册：" + "，".join(f"{label} {len(rows)} 人" for label, rows in parts)


def _phone(text: str) -> Any:
    """A number as it was typed; nothing where it is none."""
    try:
        return PhoneField(required=False).clean(text)
    except ValidationError:
        return ""


def _day(text: str) -> tuple[dt.date, str]:
    try:
        return (dt.date.fromisoformat(text) if text else timezone.localdate()), ""
    except ValueError:
        return timezone.localdate(), "日期的写法应为 2026-09-30，现在显示的是今天。"
