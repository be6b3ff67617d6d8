"""Issuing: versions, digests, rows that the database refuses to change, who reads what."""

import hashlib

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.papers.models import IssuedPaper, Paper
from tests.factories import make_county, make_user
from tests.papers.case import PaperCase
from tests.queries import QueriesAtMost


class IssueTests(PaperCase):
    def test_the_kept_file_has_the_digest_that_the_page_shows(self):
        issued = self.issued("bulletin")
        page = self.client.get(issued.get_absolute_url()).text
        file = self.client.get(self.url("issuedpaper_word", issued)).content
        assert hashlib.sha256(file).hexdigest() == issued.digest
        assert issued.digest in page
        assert issued.digest[:12] in AuditEntry.objects.filter(action="published").first().sentence

    def test_the_database_refuses_to_change_or_remove_a_version(self):
        issued = self.issued("bulletin")
        for statement in (
            "UPDATE papers_issuedpaper SET title = 'x'",
            "UPDATE papers_issuedpaper SET docx = docx",
            "DELETE FROM papers_issuedpaper",
        ):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)
        with pytest.raises(DatabaseError), transaction.atomic():
            IssuedPaper.objects.filter(pk=issued.pk).update(reason="改")
        assert IssuedPaper.objects.get(pk=issued.pk).is_intact

    def test_blanks_are_filled_before_a_letter_goes_out(self):
        paper = self.draft("letter")
        response = self.issue(paper)
        assert response.status_code == 422
        assert "没有填写的空白" in response.text
        assert not IssuedPaper.objects.exists()

    def test_a_record_of_a_talk_goes_out_with_its_blanks(self):
        assert self.issue(self.draft("talk")).status_code == 302

    def test_a_second_version_needs_a_change_and_a_reason_and_the_first_stays(self):
        first = self.issued("bulletin")
        paper = first.paper
        assert "不需要再次印发" in self.issue(paper, "更正").text
        self.edit(paper, title="更正后的通报")
        page = self.client.get(paper.get_absolute_url()).text
        assert "重新印发" in page and "仍是已印发的版本" in page
        response = self.issue(paper)
        assert response.status_code == 422
        assert "必须写明原因" in response.text
        assert self.issue(paper, "更正第二部分的数字", idempotency_key="again").status_code == 302
        second = IssuedPaper.objects.get(number=2)
        assert (second.reason, second.title) == ("更正第二部分的数字", "更正后的通报")
        first = IssuedPaper.objects.get(number=1)
        assert first.title != second.title and first.is_intact
        assert "已被第2版替代" in self.client.get(first.get_absolute_url()).text
        listed = self.client.get(self.url("issuedpaper_list")).text
        assert "更正后的通报" in listed and f'href="{first.get_absolute_url()}"' not in listed

    def test_the_database_keeps_the_reason_of_a_second_version(self):
        first = self.issued("bulletin")
        again = IssuedPaper.objects.get(pk=first.pk)
        again.pk, again.number, again.reason, again._state.adding = None, 2, "", True
        with pytest.raises(IntegrityError), transaction.atomic():
            again.save()

    def test_saving_without_a_change_does_not_make_a_draft_of_an_issued_paper(self):
        paper = self.issued("bulletin").paper
        self.edit(paper)
        paper.refresh_from_db()
        assert paper.state == Paper.State.ISSUED

    def test_a_double_click_issues_once(self):
        paper = self.draft("bulletin")
        for _ in range(2):
            self.issue(paper, version=1, idempotency_key="same")
        assert IssuedPaper.objects.count() == 1

    def test_what_was_changed_meanwhile_is_not_issued_unseen(self):
        paper = self.draft("bulletin")
        self.edit(paper, title="别人改的标题")
        page = self.client.post(self.url("paper_issue", paper), {"version": 1, "idempotency_key": "s"}, follow=True)
        assert "别人修改过这份公文" in page.text
        assert not IssuedPaper.objects.exists()


class ReadersTests(PaperCase):
    def listed(self, user):
        self.client.force_login(user)
        response = self.client.get(self.url("issuedpaper_list"))
        return response.status_code, [row.kind for row in response.context["page_obj"].object_list]

    def test_units_read_bulletins_and_their_own_letters_leaders_read_all(self):
        made = {kind: self.issued(kind) for kind in ("bulletin", "letter", "talk")}
        assert self.listed(self.keeper) == (200, ["letter", "bulletin"])
        assert self.listed(self.other) == (200, ["bulletin"])
        assert self.listed(self.leader) == (200, ["talk", "letter", "bulletin"])
        for user, status in ((self.keeper, 200), (self.other, 404), (self.leader, 200)):
            self.client.force_login(user)
            for route in ("issuedpaper_detail", "issuedpaper_word", "issuedpaper_pdf"):
                assert self.client.get(self.url(route, made["letter"])).status_code == status, (user, route)
        self.client.force_login(self.keeper)
        assert self.client.get(self.url("issuedpaper_detail", made["talk"])).status_code == 404

    def test_a_county_body_reads_its_own_letter_and_not_its_neighbour_s(self):
        letter = self.issued("letter")
        body = self.board.reports[2].unit
        keeper = make_user(role=Role.COMMITTEE, unit=body)
        assert self.listed(keeper) == (200, ["letter"])
        stranger = make_user(role=Role.COMMITTEE, unit=self.board.reports[0].unit)
        self.client.force_login(stranger)
        assert self.client.get(letter.get_absolute_url()).status_code == 404

    def test_only_staff_see_drafts_and_write(self):
        paper = self.draft("letter")
        for user in (self.keeper, self.leader):
            self.client.force_login(user)
            for route in ("paper_detail", "paper_update", "paper_issue", "paper_redraft", "paper_word", "paper_pdf"):
                assert self.client.get(self.url(route, paper)).status_code == 403, route
            assert self.client.get(self.url("paper_create")).status_code == 403
            assert self.client.get(self.url("paper_list")).status_code == 403

    def test_staff_of_another_county_find_nothing(self):
        issued = self.issued("bulletin")
        self.client.force_login(make_user(role=Role.STAFF, area=make_county()))
        assert self.client.get(issued.get_absolute_url()).status_code == 404
        assert self.client.get(issued.paper.get_absolute_url()).status_code == 404

    def test_a_download_is_on_the_trail(self):
        issued = self.issued("letter")
        self.client.force_login(self.keeper)
        self.client.get(self.url("issuedpaper_word", issued))
        entry = AuditEntry.objects.first()
        assert (entry.user, entry.action) == (self.keeper, "downloaded")
        assert entry.sentence.endswith(f"下载公文 {issued.title}.docx")

    def test_the_lists_cost_the_same_queries_however_many_papers_there_are(self):
        for _ in range(4):
            self.issued("letter")
        for route, user in (
            ("issuedpaper_list", self.keeper),
            ("issuedpaper_list", self.leader),
            ("paper_list", self.staff),
        ):
            self.client.force_login(user)
            with QueriesAtMost(11):
                assert "提醒函" in self.client.get(self.url(route)).text
        self.client.force_login(self.keeper)
        exported = self.client.get(self.url("issuedpaper_list"), {"export": "csv"})
        assert b"".join(exported.streaming_content).decode("utf-8-sig").count("提醒函") >= 4

    def test_a_list_is_filtered_by_kind_and_words(self):
        self.issued("bulletin"), self.issued("letter")
        self.client.force_login(self.leader)
        page = self.client.get(self.url("issuedpaper_list"), {"kind": "letter", "q": "甲3"})
        assert [row.kind for row in page.context["page_obj"].object_list] == ["letter"]
