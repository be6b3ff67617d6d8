"""A published quarter of three townships, and the people who write, read and receive papers."""

import io
import zipfile

import docx
from django.test import TestCase
from django.urls import reverse

from assessments.models import Indicator
from assessments.services.publications import publish_quarter
from organizations.coverage import default_goals
from organizations.models import CoverageGoal
from portal.accounts.roles import Role
from portal.papers.models import IssuedPaper, Paper
from tests.assessments.boards import make_board
from tests.assessments.test_publications import fill
from tests.factories import FOUNDED, make_user


class PaperCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.board = make_board()
        Indicator.objects.filter(number__gt=2).update(category="组织建设")
        CoverageGoal.objects.bulk_create(default_goals(cls.board.county, since=FOUNDED))
        fill(cls.board)
        cls.publication = publish_quarter(cls.board.quarter, by=cls.board.staff)
        cls.county, cls.staff = cls.board.county, cls.board.staff
        cls.unit = cls.board.reports[2].unit  # 甲3镇, the last one
        cls.keeper = make_user(role=Role.COMMITTEE, area=cls.unit.area, name="李某乙")
        cls.other = make_user(role=Role.COMMITTEE, area=cls.board.reports[0].unit.area, name="王某丙")
        cls.leader = make_user(role=Role.LEADER, area=cls.county, name="陈某丁")

    def setUp(self):
        self.client.force_login(self.staff)

    def url(self, name, obj=None):
        return reverse(f"papers:{name}", args=[obj.pk] if obj else [])

    def draft(self, kind, **values):
        """A paper drafted through the page."""
        asked = {"publication": self.publication.pk, "idempotency_key": f"{kind}{Paper.objects.count()}", **values}
        if kind in {"letter", "talk"}:
            asked.setdefault("unit", self.unit.pk)
        response = self.client.post(f"{self.url('paper_create')}?kind={kind}", asked)
        assert response.status_code == 302, response.text
        return Paper.objects.latest("pk")

    def posted(self, paper, **changes):
        """What the editor posts when `changes` were typed; a block's new text goes by its key."""
        page = self.client.get(self.url("paper_update", paper)).context["form"]
        values = {name: page[name].value() for name in page.fields if name != "blocks"}
        texts = changes.pop("texts", {})
        blocks = page["blocks"].value()
        return {
            **values, "block-key": [block["key"] for block in blocks], "block-kind": [block["kind"] for block in blocks],
            "block-text": [texts.get(block["key"], block["text"]) for block in blocks], **changes,
        }  # fmt: skip

    def edit(self, paper, **changes):
        return self.client.post(self.url("paper_update", paper), self.posted(paper, **changes))

    def issue(self, paper, reason="", **values):
        paper.refresh_from_db()
        asked = {"version": paper.version, "reason": reason, "idempotency_key": f"i{paper.version}", **values}
        return self.client.post(self.url("paper_issue", paper), asked)

    def issued(self, kind="bulletin", **values):
        """A paper issued through the pages; a letter's date is filled in first."""
        paper = self.draft(kind, **values)
        if kind == "letter":
            last = paper.composed.blocks[-1]
            self.edit(paper, texts={last.key: last.text.replace("＿＿＿＿", "10月31日")})
        response = self.issue(paper)
        assert response.status_code == 302, response.text
        return IssuedPaper.objects.order_by("pk").last()

    def words(self, response):
        """The text of a .docx that was downloaded, tables included."""
        document = docx.Document(io.BytesIO(response.content))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def parts_of(content):
    """Name → bytes of each part of a package."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}
