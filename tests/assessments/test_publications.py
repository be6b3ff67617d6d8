"""Publishing: the check list, the frozen snapshot, revisions, and recomputing what was frozen."""

import datetime as dt
import io
import json
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from assessments.models import Publication, Quarter, Result, ResultLine, Score, Unlock
from assessments.services.publications import publication_problems, publish_quarter, verify_publication
from assessments.services.reviews import Entry, enter_scores
from assessments.services.year import year_table
from portal.accounts.roles import Role
from tests.assessments.boards import make_board
from tests.factories import make_user

POINTS = [["25", "25", "20", "20.25"], ["25", "25", "25", "15.25"], ["20", "20", "20", "20"]]


def fill(board, points=POINTS):
    """Type `points` into the board, done three days early in the first row."""
    entries = [
        Entry(report.pk, task.pk, points[row][column], inputs={"done_on": dt.date(2026, 9, 27 if row == 0 else 30)})
        for row, report in enumerate(board.reports)
        for column, task in enumerate(board.tasks)
    ]
    outcome = enter_scores(board.quarter, entries, by=board.staff)
    assert not outcome.refused, outcome.refused
    return outcome


class PublicationCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.board = make_board()
        fill(cls.board)

    def setUp(self):
        self.client.force_login(self.board.staff)

    def publish(self):
        return publish_quarter(self.board.quarter, by=self.board.staff)

    def correct(self, row, column, value, reason="申诉成立"):
        self.board.quarter.refresh_from_db()
        Unlock.objects.create(
            quarter=self.board.quarter, purpose=Unlock.Purpose.CORRECTION, reason=reason, by=self.board.staff,
            ends_at=timezone.now() + dt.timedelta(hours=1),
        )  # fmt: skip
        score = self.board.score(row, column)
        entry = Entry(score.report_id, score.task_id, value, score.version, reason)
        assert not enter_scores(self.board.quarter, [entry], by=self.board.staff).refused


class PublishTests(PublicationCase):
    def test_totals_and_ranks_are_frozen(self):
        publication = self.publish()
        rows = list(publication.results.values_list("unit_name", "rank", "points", "bonus", "total"))
        assert rows == [
            ("甲1镇", 1, Decimal("90.25"), Decimal("2"), Decimal("92.25")),
            ("甲2镇", 2, Decimal("90.25"), Decimal("0"), Decimal("90.25")),
            ("甲3镇", 3, Decimal("80"), Decimal("0"), Decimal("80")),
        ]
        self.board.quarter.refresh_from_db()
        assert self.board.quarter.state == Quarter.State.PUBLISHED
        assert verify_publication(publication) == ""

    def test_blanks_and_missing_explanations_stop_it(self):
        score = self.board.score(0, 0)
        enter_scores(
            self.board.quarter, [Entry(score.report_id, score.task_id, "", score.version)], by=self.board.staff
        )
        with pytest.raises(ValidationError, match="Ⅰ类未填的得分 1 项"):
            self.publish()
        Score.objects.filter(pk=score.pk).update(status="scored", points=1, needs_reason=True)
        assert publication_problems(self.board.quarter) == ["Ⅰ类缺评分说明 1 项"]
        assert not Publication.objects.exists()

    def test_an_exempt_unit_is_listed_without_a_rank(self):
        self.board.reports[0].exempt_reason = "年内新设"
        self.board.reports[0].save()
        publication = self.publish()
        assert list(publication.results.values_list("unit_name", "rank")) == [
            ("甲2镇", 1),
            ("甲3镇", 2),
            ("甲1镇", None),
        ]

    def test_publishing_twice_by_a_double_click_makes_one_revision(self):
        url = reverse("assessments:publish", args=[self.board.quarter.pk])
        for _ in range(2):
            self.client.post(url, {"idempotency_key": "0123456789abcdef"})
        assert Publication.objects.count() == 1

    def test_an_upheld_appeal_makes_revision_2_and_keeps_1(self):
        first = self.publish()
        before = list(first.results.values("unit_name", "rank", "total"))
        self.correct(2, 0, "25")
        second = self.publish()
        assert (second.revision, second.reason) == (2, "申诉成立")
        assert second.results.get(unit_name="甲3镇").total == 85
        assert list(first.results.values("unit_name", "rank", "total")) == before
        assert [verify_publication(publication) for publication in (first, second)] == ["", ""]
        assert not self.board.quarter.unlocks.active().exists()
        with pytest.raises(ValidationError, match="这个季度已公布"):
            self.publish()

    def test_the_database_refuses_to_change_what_is_frozen(self):
        publication = self.publish()
        for model in (Publication, Result, ResultLine):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                model.objects.filter(pk=model.objects.first().pk).update(id=1)
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                model.objects.all()._raw_delete("default")
        assert publication.results.count() == 3


class VerifyTests(PublicationCase):
    def tamper(self, table, column, value):
        with connection.cursor() as cursor:
            trigger = f"{table}_no_update"
            if connection.vendor == "sqlite":
                cursor.execute(f'DROP TRIGGER "{trigger}"')
            else:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')
            cursor.execute(f"UPDATE {table} SET {column} = {value} WHERE id = (SELECT MIN(id) FROM {table})")
            if connection.vendor != "sqlite":
                cursor.execute(f'ALTER TABLE {table} ENABLE TRIGGER "{trigger}"')

    def test_it_recomputes_every_result(self):
        self.publish()
        out = io.StringIO()
        call_command("verify_results", stdout=out)
        assert out.getvalue() == "3 results recomputed, no difference.\n"

    def test_it_names_the_first_difference(self):
        self.publish()
        self.tamper("assessments_resultline", "points", "24")
        with pytest.raises(CommandError, match="甲1镇·任务1：得分应为 25"):
            call_command("verify_results")

    def test_a_changed_total_rank_or_name_is_found(self):
        self.publish()
        self.tamper("assessments_result", "unit_name", "'乙镇'")
        with pytest.raises(CommandError, match="校验值不符"):
            call_command("verify_results")


class ReadTests(PublicationCase):
    def test_screen_workbook_command_and_api_agree_to_the_last_digit(self):
        publication = self.publish()
        page = self.client.get(publication.get_absolute_url())
        shown = [(r.rank, r.unit_name, r.total) for _, _, rows in page.context["classes"] for r, _, _ in rows]
        answer = self.client.get(reverse("assessments:ranking_workbook", args=[publication.pk]))
        book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        assert book.sheetnames == ["说明", "Ⅰ类", "Ⅱ类", "Ⅲ类"]
        sheet = [(row[0], row[1], Decimal(str(row[6]))) for row in book["Ⅰ类"].iter_rows(min_row=2, values_only=True)]
        out = io.StringIO()
        call_command("rank", county=self.board.county.code, year=2026, quarter=3, json=True, stdout=out)
        printed = [(row["rank"], row["unit"], Decimal(row["total"])) for row in json.loads(out.getvalue())]
        api = self.client.get("/api/results/", {"quarter": self.board.quarter.pk}).json()["results"]
        over_api = [(row["rank"], row["unit_name"], Decimal(row["total"])) for row in api]
        assert shown == sheet == printed == over_api

    def test_the_sum_of_a_slips_lines_is_its_total(self):
        publication = self.publish()
        for result in publication.results.all():
            page = self.client.get(result.get_absolute_url())
            lines = [line for _, lines in page.context["groups"] for line in lines]
            assert sum(line.points + line.bonus for line in lines) == result.total
            assert all(line.steps for line in lines)

    def test_a_committee_reads_the_ranking_but_only_its_own_slip(self):
        publication = self.publish()
        own, other = publication.results.get(unit_name="甲1镇"), publication.results.get(unit_name="甲2镇")
        self.client.force_login(make_user(role=Role.COMMITTEE, area=own.unit.area))
        page = self.client.get(publication.get_absolute_url())
        assert "甲2镇" in page.text
        assert self.client.get(own.get_absolute_url()).status_code == 200
        assert self.client.get(other.get_absolute_url()).status_code == 404
        assert f'href="{other.get_absolute_url()}"' not in page.text

    def test_the_year_weighs_its_published_quarters(self):
        self.publish()
        table = year_table(self.board.county, 2026, user=self.board.staff)
        rows = table.classes[0][2]
        assert [(row.unit_name, row.rank, row.value) for row in rows] == [
            ("甲1镇", 1, Decimal("92.3")), ("甲2镇", 2, Decimal("90.3")), ("甲3镇", 3, Decimal("80.0")),
        ]  # fmt: skip
        assert self.client.get(reverse("assessments:year")).status_code == 200
