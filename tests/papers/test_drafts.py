"""First texts: every figure is the publication's, each with the place where it can be looked up."""

import re
from decimal import Decimal

from django.urls import reverse

from assessments.models import ResultLine
from assessments.scoring import plain
from assessments.services.publications import publish_quarter
from portal.papers.models import Paper
from tests.assessments.boards import make_board
from tests.assessments.test_publications import PublicationCase, fill
from tests.factories import make_unit
from tests.papers.case import PaperCase
from tests.queries import QueriesAtMost


class BulletinTests(PaperCase):
    def test_its_ranking_is_the_published_one(self):
        paper = self.draft("bulletin")
        table = next(block for block in paper.composed.blocks if block.text.startswith("名次"))
        rows = [[cell.strip() for cell in line.split("|")] for line in table.text.splitlines()[1:]]
        found = self.publication.results.order_by("rank")
        assert [row[:5] for row in rows] == [
            [str(r.rank), r.unit_name, plain(r.total), plain(r.scaled), plain(r.bonus)] for r in found
        ]
        text = "\n".join(block.text for block in paper.composed.blocks)
        assert "Ⅰ类单位3个，参加排名的3个，平均87.5分，最高92.25分（甲1镇），最低80分（甲3镇）。" in text

    def test_its_shares_are_the_sums_of_the_published_lines(self):
        text = "\n".join(block.text for block in self.draft("bulletin").composed.blocks)
        lines = ResultLine.objects.filter(result__publication=self.publication, category="组织建设")
        points, maximum = sum(line.points for line in lines), sum(line.maximum for line in lines)
        percent = int((200 * points + maximum) // (2 * maximum))
        assert f"组织建设{percent}%（{plain(points)}/{plain(maximum)}分）" in text
        assert "组织建设·任务4得分率74%（55.5/75分），3个单位中有3个失分，共失19.5分。" in text

    def test_every_figure_has_its_source_and_every_source_opens(self):
        paper = self.draft("bulletin")
        for block in paper.composed.blocks:
            if re.search(r"\d", block.text) and block.kind in {"text", "table"}:
                assert block.sources, block.text
            for source in block.sources:
                assert self.client.get(source.url).status_code == 200, source.url
        page = self.client.get(self.url("paper_update", paper)).text
        assert f'href="{self.publication.get_absolute_url()}?class=all"' in page

    def test_it_names_whom_the_rule_follows_up_and_who_handed_in_nothing(self):
        text = "\n".join(block.text for block in self.draft("bulletin").composed.blocks)
        assert "本季度跟进的单位共2个" in text
        assert re.search(r"甲3镇 \| 3 \| 80 \| ", text)
        assert "有3个单位没有提交自评：甲1镇、甲2镇、甲3镇。" in text

    def test_coverage_is_told_as_the_overview_counts_it(self):
        text = "\n".join(block.text for block in self.draft("bulletin").composed.blocks)
        assert "截至2026年9月30日，各项覆盖目标完成情况：" in text
        assert "商会全覆盖0/3（0%）" in text

    def test_the_basis_page_shows_the_lines_behind_a_percentage(self):
        page = self.client.get(reverse("papers:paper_basis", args=[self.publication.pk]), {"indicator": "任务4"}).text
        assert "74%（55.5/75 分）" in page
        assert "15.25" in page and "甲2镇" in page

    def test_it_costs_the_same_queries_however_many_units_there_are(self):
        big = make_board(units=9)
        board_points = [["20"] * 4] * 9
        fill(big, board_points)
        publication = publish_quarter(big.quarter, by=big.staff)
        self.client.force_login(big.staff)
        with QueriesAtMost(60):
            self.draft("bulletin", publication=publication.pk)


class LetterTests(PaperCase):
    def test_the_points_lost_add_up_to_the_slip(self):
        paper = self.draft("letter")
        text = "\n".join(block.text for block in paper.composed.blocks)
        result = self.publication.results.get(unit=self.unit)
        assert f"适用满分100分，任务得分{plain(result.points)}分，失{plain(Decimal(100) - result.points)}分" in text
        assert "甲3镇总分80分，在Ⅰ类3个参加排名的单位中列第3名" in text
        assert "比本类平均分87.5分低7.5分" in text
        assert "合计 | 4项 | 100 | 80 | 20 |" in text
        assert paper.composed.addressee == "甲3镇："

    def test_a_unit_without_a_result_is_said_on_the_form(self):
        stranger = make_unit(area=self.county, name="县第一局")
        form = {"publication": self.publication.pk, "unit": stranger.pk, "idempotency_key": "x"}
        response = self.client.post(f"{self.url('paper_create')}?kind=letter", form)
        assert response.status_code == 422
        assert not Paper.objects.exists()

    def test_the_rule_s_units_are_offered(self):
        page = self.client.get(f"{self.url('paper_create')}?kind=letter").text
        assert f"?kind=letter&amp;publication={self.publication.pk}&amp;unit={self.unit.pk}" in page
        assert "甲1镇</a>（" not in page  # the first one is never followed up

    def test_a_record_of_a_talk_leaves_room_for_what_is_said(self):
        text = "\n".join(block.text for block in self.draft("talk").composed.blocks)
        assert "约谈时间 | ＿＿＿＿" in text
        assert "失分事项 | 失分 | 整改措施 | 完成时限 | 责任人" in text


class NoticeTests(PaperCase):
    def test_it_says_when_where_and_who(self):
        paper = self.draft(
            "notice", county=self.county.pk, subject="第三季度推进会", on="2026-12-01", time="上午9时", place="县委二楼会议室",
            agenda="通报考评结果\n\n安排下季度任务", participants=[self.unit.pk],
        )  # fmt: skip
        text = "\n".join(block.text for block in paper.composed.blocks)
        assert paper.title == "关于召开第三季度推进会的通知"
        assert "2026年12月1日（星期二）上午9时。" in text
        assert "1.通报考评结果\n2.安排下季度任务" in text
        assert "甲3镇，共1个单位" in text

    def test_without_participants_and_place_there_are_blanks_to_fill(self):
        paper = self.draft("notice", county=self.county.pk, subject="推进会", on="2026-12-01")
        assert sum("＿＿＿＿" in block.text for block in paper.composed.blocks) >= 3


class EmptyTests(PaperCase):
    def test_without_a_published_quarter_the_pages_say_so(self):
        other = make_board(units=1)
        self.client.force_login(other.staff)
        assert "没有已印发的公文" in self.client.get(self.url("issuedpaper_list")).text
        assert "没有正在起草的公文" in self.client.get(self.url("paper_list")).text
        page = self.client.post(f"{self.url('paper_create')}?kind=bulletin", {"idempotency_key": "e"})
        assert page.status_code == 422
        assert "还没有公布的季度结果" in self.client.get(f"{self.url('paper_create')}?kind=bulletin").text

    def test_an_unknown_kind_shows_the_choice(self):
        for query in ("", "?kind=poem"):
            page = self.client.get(self.url("paper_create") + query).text
            assert page.count("?kind=") == 4


class CorrectedTests(PublicationCase):
    def test_a_paper_on_corrected_results_warns_and_is_drafted_anew(self):
        self.publish()
        form = {"publication": self.board.quarter.publications.get().pk, "idempotency_key": "c"}
        self.client.post(f"{reverse('papers:paper_create')}?kind=bulletin", form)
        paper = Paper.objects.get()
        self.correct(2, 0, "24")
        self.publish_again()
        page = self.client.get(paper.get_absolute_url())
        assert "公布了更正版" in page.text
        url = reverse("papers:paper_redraft", args=[paper.pk])
        self.client.post(url, {"version": paper.version, "idempotency_key": "r"})
        paper.refresh_from_db()
        assert paper.publication.revision == 2
        assert "3 | 甲3镇 | 84 | 84" in "\n".join(block.text for block in paper.composed.blocks)
        assert "公布了更正版" not in self.client.get(paper.get_absolute_url()).text

    def publish_again(self):
        self.board.quarter.refresh_from_db()
        return publish_quarter(self.board.quarter, by=self.board.staff, reason="申诉成立")
