"""The review grid through its HTTP door: what is saved, what is refused, what is never lost."""

import json
import uuid
from decimal import Decimal

from django.test import TestCase
from django.urls import reverse

from assessments.models import Quarter, Score, SelfReportItem
from assessments.services.reviews import Entry, confirm_scores, enter_scores, return_items
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.assessments.boards import make_board
from tests.factories import make_county, make_user
from tests.queries import QueriesAtMost


class GridCase(TestCase):
    methods: list[str] | None = None

    @classmethod
    def setUpTestData(cls):
        cls.board = make_board(methods=cls.methods)
        cls.url = reverse("assessments:review_cells", args=[cls.board.quarter.pk])

    def setUp(self):
        self.client.force_login(self.board.staff)

    def send(self, *cells, key=None, **more):
        data = {"key": key or uuid.uuid4().hex, "cells": list(cells), **more}
        return self.client.post(self.url, json.dumps(data), content_type="application/json")

    def refused(self, *cells):
        answer = self.send(*cells)
        assert answer.status_code == 200, answer.content
        return answer.json()["refused"]


class CellTests(GridCase):
    def test_a_cell_is_saved_with_its_steps_and_one_audit_row(self):
        before = AuditEntry.objects.count()
        answer = self.send(self.board.cell(0, 0, "５．５")).json()
        assert answer["saved"][0]["cell"] == ["5.5", 2, "s", "", ""]
        score = self.board.score(0, 0)
        assert (score.points, score.by, score.version) == (Decimal("5.5"), self.board.staff, 2)
        assert score.steps[0] == "评审给 5.5 分（满分 25 分）"
        entry = AuditEntry.objects.first()
        assert AuditEntry.objects.count() == before + 1
        assert entry.sentence == f"{self.board.staff.name} 将 甲1镇·任务1 得分 由 空 改为 5.5"

    def test_blank_zero_and_not_applicable_are_three_things(self):
        self.send(
            self.board.cell(0, 0, "0"), self.board.cell(0, 1, "不适用", reason="没有园区"), self.board.cell(0, 2, "")
        )
        statuses = [self.board.score(0, column).status for column in range(4)]
        assert statuses == ["scored", "na", "blank", "blank"]
        totals = self.send(self.board.cell(0, 3, "25")).json()["totals"][str(self.board.reports[0].pk)]
        assert (
            totals["total"] == "33.3"
        )  # 25 of 75 that apply; the blank is not taken for a 0, nor the base reduced by it

    def test_the_right_cells_are_saved_when_others_are_wrong(self):
        answer = self.send(
            self.board.cell(0, 0, "25"), self.board.cell(1, 0, "25.5"), self.board.cell(2, 0, "七")
        ).json()
        assert [cell["report"] for cell in answer["saved"]] == [self.board.reports[0].pk]
        assert [refusal["message"] for refusal in answer["refused"]] == [
            "满分 25，不能填 25.5。", "“七”不是数字，请填写 0 到满分之间的数，例如 5.5。",
        ]  # fmt: skip
        assert self.board.score(1, 0).status == "blank"

    def test_a_stale_version_is_a_conflict_that_shows_both_values(self):
        self.send(self.board.cell(0, 0, "20"))
        other = make_user(role=Role.STAFF, area=self.board.county, name="李某乙")
        self.client.force_login(other)
        refusal = self.refused(self.board.cell(0, 0, "21", version=1))[0]
        assert (refusal["code"], refusal["theirs"][:2], refusal["by"]) == ("conflict", ["20", 2], self.board.staff.name)
        assert self.board.score(0, 0).points == 20

    def test_the_same_key_again_gives_the_same_answer_and_changes_nothing(self):
        key = uuid.uuid4().hex
        first = self.send(self.board.cell(0, 0, "20"), key=key).json()
        entries = AuditEntry.objects.count()
        assert self.send(self.board.cell(0, 0, "20"), key=key).json() == first
        assert (self.board.score(0, 0).version, AuditEntry.objects.count()) == (2, entries)

    def test_a_trial_says_what_would_be_refused_and_saves_nothing(self):
        answer = self.send(self.board.cell(0, 0, "20"), self.board.cell(0, 1, "99"), dry_run=True).json()
        assert len(answer["refused"]) == 1
        assert not Score.objects.exclude(status="blank").exists()

    def test_a_cell_of_another_county_is_not_found(self):
        stranger = make_user(role=Role.STAFF, area=make_county())
        self.client.force_login(stranger)
        assert self.send(self.board.cell(0, 0, "20")).status_code == 404
        assert self.board.score(0, 0).status == "blank"

    def test_a_committee_cannot_score(self):
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=self.board.reports[0].unit))
        assert self.send(self.board.cell(0, 0, "20")).status_code == 403

    def test_outside_review_the_state_is_named(self):
        for state in (Quarter.State.PLANNED, Quarter.State.OPEN, Quarter.State.PUBLISHED, Quarter.State.CLOSED):
            Quarter.objects.filter(pk=self.board.quarter.pk).update(state=state)
            refusal = self.refused(self.board.cell(0, 0, "20"))[0]
            assert refusal["code"] == "state"
            assert self.board.score(0, 0).status == "blank"

    def test_polling_shows_what_others_saved(self):
        url = reverse("assessments:review_changes", args=[self.board.quarter.pk])
        start = self.client.get(url, {"since": "2026-01-01T00:00:00+08:00"}).json()
        assert len(start["cells"]) == 12
        self.client.force_login(make_user(role=Role.STAFF, area=self.board.county, name="李某乙"))
        self.send(self.board.cell(1, 1, "7"))
        self.client.force_login(self.board.staff)
        answer = self.client.get(url, {"since": start["cursor"], "class": "1"}).json()
        assert ["7", 2, "s", "", ""] in [cell["cell"] for cell in answer["cells"]]
        assert answer["editors"] == ["李某乙正在编辑Ⅰ类"]
        assert self.client.get(url, {"since": "yesterday"}).status_code == 400


WRONG = [
    "NaN", "nan", "inf", "-inf", "Infinity", "1e400", "1e2", "1E-1", "-0", "-1", "−1", "－1", "101", "25.01", "5.555", "0.001",
    "５．５５５", "٣", "五", "1,000", "1_0", "0x10", "1/2", "5.5.5", ".", "..5", "5.", ".5", "+5", "5 5", "5\u202e5", "\u202e5.5",
    "5\u200f", "5\u0000", "\u0000", "5\u200b", "\ufeff5", "5\u0007", "=1+1", "<b>5</b>", "'; drop table", "None", "null", "true",
    "5分", "5%", "9" * 13, "不知道", "不适用了", "不适用",
]  # fmt: skip


class WrongInputTests(GridCase):
    def test_fifty_wrong_inputs_get_a_clear_answer_and_change_nothing(self):
        assert len(WRONG) == 50
        entries = AuditEntry.objects.count()
        for text in WRONG:
            with self.subTest(text=text):
                refusal = self.refused(self.board.cell(0, 0, text))[0]
                assert refusal["code"] == "invalid"
                assert refusal["message"].endswith("。")
                assert not any(word in refusal["message"] for word in ("Error", "Traceback", "invalid"))
        assert self.board.score(0, 0).version == 1
        assert AuditEntry.objects.count() == entries

    def test_requests_of_the_wrong_form_are_refused_whole(self):
        good = self.board.cell(0, 0, "20")
        bad = [
            "", "[]", "{}", "null", '{"cells": 1, "key": "12345678"}', json.dumps({"key": "short", "cells": [good]}),
            json.dumps({"key": 12345678, "cells": [good]}), json.dumps({"key": "12345678", "cells": [good, good]}),
            json.dumps({"key": "12345678", "cells": [{**good, "value": 20}]}),
            json.dumps({"key": "12345678", "cells": [{**good, "version": "one"}]}),
            json.dumps({"key": "12345678", "cells": [{**good, "report": None}]}),
            json.dumps({"key": "12345678", "cells": [{**good, "reason": "说" * 1_000_000}]}),
            json.dumps({"key": "12345678", "cells": [good] * 3001}),
        ]  # fmt: skip
        for body in bad:
            with self.subTest(body=body[:80]):
                answer = self.client.post(self.url, body, content_type="application/json")
                assert answer.status_code == 400
                assert answer.json()["message"].endswith("。")
        assert not Score.objects.exclude(status="blank").exists()

    def test_a_foreign_unit_and_a_foreign_task_are_refused(self):
        other = make_board(1, 1)
        mixed = {**self.board.cell(0, 0, "20"), "report": other.reports[0].pk}
        assert self.refused(mixed, other.cell(0, 0, "20"))[0]["code"] == "scope"
        assert other.score(0, 0).status == "blank"

    def test_a_note_that_is_too_long_is_refused_with_its_length(self):
        refusal = self.refused(self.board.cell(0, 0, "20", reason="说" * 301))[0]
        assert refusal["message"] == "评分说明不能超过 300 个字，现有 301 个字。"


class RuleTests(GridCase):
    methods = ["per_count", "deduct", "ratio", "pass_fail"]

    def enter(self, column, value=None, **inputs):
        score = self.board.score(0, column)
        reason = inputs.pop("reason", None)
        entry = Entry(score.report_id, score.task_id, value, score.version, reason, inputs)
        outcome = enter_scores(self.board.quarter, [entry], by=self.board.staff)
        assert not outcome.refused, outcome.refused
        return self.board.score(0, column)

    def test_points_come_from_the_rule_and_its_inputs(self):
        assert self.enter(0, count=2).points == 6
        assert self.enter(1, count=3).points == 16
        assert self.enter(2, achieved=Decimal(275), target=Decimal(297)).points == Decimal("23.1")
        assert self.enter(3, "√").points == 25

    def test_a_change_needs_a_reason_and_says_so(self):
        self.enter(0, count=2)
        changed = self.enter(0, "5.5")
        assert (changed.points, changed.needs_reason) == (Decimal("5.5"), True)
        explained = self.enter(0, "5.5", reason="缺照片")
        assert (explained.needs_reason, explained.steps[1]) == (False, "评审由 6 分改为 5.5 分，原因：缺照片")

    def test_pass_fail_takes_all_or_nothing(self):
        refusal = self.refused(self.board.cell(0, 3, "12"))[0]
        assert refusal["message"] == "这一项达标得满分 25 分，不达标得 0 分，不能填 12。"

    def test_confirming_takes_the_self_report_over(self):
        SelfReportItem.objects.create(report=self.board.reports[0], task=self.board.tasks[0], count=2, points=6)
        SelfReportItem.objects.create(report=self.board.reports[0], task=self.board.tasks[3], points=25)
        reports = [report.pk for report in self.board.reports]
        outcome = confirm_scores(self.board.quarter, by=self.board.staff, reports=reports)
        assert len(outcome.saved) == 2
        assert [(s.points, s.status) for s in (self.board.score(0, 0), self.board.score(0, 3))] == [
            (6, "confirmed"), (25, "confirmed"),
        ]  # fmt: skip
        assert self.board.score(1, 0).status == "blank"

    def test_returned_tasks_go_back_with_the_reason(self):
        return_items(self.board.reports[0], self.board.tasks[:2], reason="缺签到表", by=self.board.staff)
        items = list(SelfReportItem.objects.values_list("status", "return_reason"))
        assert items == [("returned", "缺签到表")] * 2
        self.board.reports[0].refresh_from_db()
        assert self.board.reports[0].status == "returned"


class SizeTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.board = make_board(60, 20)

    def setUp(self):
        self.client.force_login(self.board.staff)

    def test_the_grid_of_60_by_20_costs_at_most_12_queries(self):
        with QueriesAtMost(12):
            page = self.client.get(reverse("assessments:review", args=[self.board.quarter.pk]))
        assert page.status_code == 200
        grid = page.context["grid"]
        assert (len(grid["rows"]), len(grid["columns"])) == (60, 20)

    def test_1200_pasted_cells_are_one_request_of_at_most_30_queries(self):
        cells = [self.board.cell(row, column, "4.5") for row in range(60) for column in range(20)]
        body = json.dumps({"key": uuid.uuid4().hex, "cells": cells})
        url = reverse("assessments:review_cells", args=[self.board.quarter.pk])
        with QueriesAtMost(30):
            answer = self.client.post(url, body, content_type="application/json")
        assert len(answer.json()["saved"]) == 1200
        assert Score.objects.filter(points=Decimal("4.5")).count() == 1200
        assert AuditEntry.objects.filter(model="assessments.score").count() == 1200


class PanelTests(GridCase):
    def test_what_is_put_right_after_a_refusal_is_saved(self):
        score = self.board.score(0, 0)
        url = reverse("assessments:review_panel", args=[self.board.quarter.pk, score.report_id, score.task_id])
        form = self.client.get(url).context["form"]
        sent = {name: form[name].value() or "" for name in form.fields}
        wrong = self.client.post(url, sent | {"value": "900"})
        assert wrong.status_code == 422
        shown = wrong.context["form"]
        typed = {name: shown[name].value() or "" for name in shown.fields}
        assert typed["value"] == "900"
        for _ in range(2):  # a second click changes nothing more
            assert self.client.post(url, typed | {"value": "9"}).status_code == 302
        score = self.board.score(0, 0)
        assert (score.points, score.version) == (Decimal(9), 2)
