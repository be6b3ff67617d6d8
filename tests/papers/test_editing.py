"""The editor: blocks changed, added, moved and removed; conflicts; drafting anew; hostile text."""

from portal.audit.models import AuditEntry
from portal.kit.models import StaleVersionError
from portal.papers.models import Paper
from portal.papers.services.papers import redraft
from tests.papers.case import PaperCase


class EditingTests(PaperCase):
    def setUp(self):
        super().setUp()
        self.paper = self.draft("letter")
        self.first = self.paper.composed.blocks[0]

    def stored(self):
        self.paper.refresh_from_db()
        return self.paper.composed

    def test_a_changed_block_is_marked_and_keeps_its_source_and_the_drafted_words(self):
        response = self.edit(
            self.paper, texts={self.first.key: "经研究，现予提醒。"}, document_number="统函〔2026〕1号"
        )
        assert response.status_code == 302
        block = self.stored().blocks[0]
        assert (block.text, block.drafted, block.sources) == ("经研究，现予提醒。", self.first.text, self.first.sources)
        page = self.client.get(self.url("paper_update", self.paper)).text
        assert page.count(">已手工修改<") == 1
        assert self.first.text in page
        assert "手工修改或增加 1 段" in self.client.get(self.url("paper_detail", self.paper)).text

    def test_an_edit_is_on_the_trail_even_where_only_the_words_changed(self):
        self.edit(self.paper, texts={self.first.key: "现予提醒。"})
        assert AuditEntry.objects.first().sentence == f"{self.staff.name} 修改公文 {self.paper.title}"

    def test_a_line_break_from_a_browser_changes_nothing(self):
        posted = self.posted(self.paper)
        posted["block-text"] = [text.replace("\n", "\r\n") for text in posted["block-text"]]
        self.client.post(self.url("paper_update", self.paper), posted)
        assert not [block for block in self.stored().blocks if block.is_changed]

    def test_an_emptied_block_is_gone_and_an_added_one_is_marked(self):
        posted = self.posted(self.paper, texts={self.first.key: "  "})
        posted = {**posted, "block-key": [*posted["block-key"], ""], "block-kind": [*posted["block-kind"], "h1"],
                  "block-text": [*posted["block-text"], "附则"]}  # fmt: skip
        self.client.post(self.url("paper_update", self.paper), posted)
        blocks = self.stored().blocks
        assert self.first.key not in {block.key for block in blocks}
        assert (blocks[-1].text, blocks[-1].kind, blocks[-1].is_added) == ("附则", "h1", True)

    def test_a_block_is_added_and_moved_on_the_page_without_saving_or_losing_what_was_typed(self):
        posted = self.posted(self.paper, texts={self.first.key: "刚写的话"})
        page = self.client.post(self.url("paper_update", self.paper), {**posted, "arrange": "add:1"})
        typed = page.context["form"]["blocks"].value()
        assert [block["text"] for block in typed[:2]] == ["刚写的话", ""]
        assert "点“保存”后才生效" in page.text
        page = self.client.post(self.url("paper_update", self.paper), {**posted, "arrange": "up:2"})
        assert page.context["form"]["blocks"].value()[1]["text"] == "刚写的话"
        assert self.stored().blocks[0].text == self.first.text

    def test_an_odd_place_to_add_at_breaks_nothing(self):
        posted = self.posted(self.paper)
        for arrange in ("add:", "add:-1", "add:99999999999999999999", "up:0", "up:1", "down", "add:٣"):
            page = self.client.post(self.url("paper_update", self.paper), {**posted, "arrange": arrange})
            assert page.status_code == 200, arrange
        assert self.client.post(self.url("paper_update", self.paper), {"arrange": "up:3"}).status_code == 200

    def test_what_two_people_write_at_once_is_kept_and_shown_side_by_side(self):
        mine = self.posted(self.paper, texts={self.first.key: "我写的"}, title="我的标题")
        self.edit(self.paper, texts={self.first.key: "他写的"})
        page = self.client.post(self.url("paper_update", self.paper), {**mine, "idempotency_key": "mine"})
        assert page.status_code == 409
        assert "我写的" in page.text and "他写的" in page.text and self.first.text in page.text
        assert self.stored().blocks[0].text == "他写的"
        hidden = {bound.name: bound.value() for bound in page.context["form"] if bound.name != "blocks"}
        blocks = page.context["form"]["blocks"].value()
        anyway = {**hidden, "version": page.context["current_version"], "idempotency_key": "anyway",
                  **{f"block-{part}": [block[part] for block in blocks] for part in ("key", "kind", "text")}}  # fmt: skip
        assert '<input type="hidden" name="block-text" value="我写的">' in page.text
        assert self.client.post(self.url("paper_update", self.paper), anyway).status_code == 302
        assert (self.stored().blocks[0].text, self.paper.title) == ("我写的", "我的标题")

    def test_a_form_without_the_text_leaves_it_as_it_is(self):
        posted = {name: value for name, value in self.posted(self.paper).items() if not name.startswith("block-")}
        assert self.client.post(self.url("paper_update", self.paper), posted).status_code == 302
        assert self.stored().blocks[0] == self.first

    def test_control_characters_and_unknown_kinds_are_refused_with_the_place(self):
        for change, words in (
            ({"texts": {self.first.key: "总分\u202e80"}}, "第 1 段含有不可见的控制字符（U+202E）"),
            ({"block-kind": ["poem"] * len(self.paper.composed.blocks)}, "第 1 段没有选择种类"),
            ({"texts": {self.first.key: "长" * 20_001}}, "第 1 段超过 20000 字"),
            ({"block-kind": ["table"], "block-key": ["x"], "block-text": ["|" * 19_000]}, "超过 12 列"),
            ({"block-kind": ["table"], "block-key": ["x"], "block-text": ["甲|乙\n" * 1_501]}, "最多 3000 格"),
            ({"block-kind": ["text"] * 4, "block-key": ["x"] * 4, "block-text": ["长" * 15_001] * 4}, "最多 60000 字"),
            ({"block-kind": ["text"] * 201, "block-key": ["x"] * 201, "block-text": ["长"] * 201}, "最多 200 段"),
            ({"title": ""}, "标题"),
            ({"title": "题\u0000目"}, "标题"),
        ):
            response = self.edit(self.paper, **change)
            assert response.status_code == 422, words
            assert words in response.text
        assert self.stored().blocks[0].text == self.first.text

    def test_template_and_html_words_stay_words(self):
        hostile = "{{ settings.SECRET_KEY }} {% now 'Y' %} <script>alert(1)</script> & ]]> </w:t>"
        self.edit(self.paper, texts={self.first.key: hostile}, title="{{ title }} <b>")
        page = self.client.get(self.url("paper_detail", self.paper)).text
        assert "<script>alert" not in page and "{{ settings.SECRET_KEY }}" in page
        said = self.words(self.client.get(self.url("paper_word", self.paper)))
        assert hostile in said and "{{ title }} <b>" in said

    def test_drafting_anew_asks_first_and_says_what_is_lost(self):
        self.edit(self.paper, texts={self.first.key: "手写的一段"}, document_number="统函〔2026〕1号")
        page = self.client.get(self.url("paper_redraft", self.paper))
        assert "手写的一段" in page.text and "不再保留" in page.text
        assert self.stored().blocks[0].text == "手写的一段"
        form = {"version": self.paper.version, "idempotency_key": "r1"}
        assert self.client.post(self.url("paper_redraft", self.paper), form).status_code == 302
        assert (self.stored().blocks[0].text, self.paper.document_number) == (self.first.text, "统函〔2026〕1号")

    def test_drafting_anew_from_an_old_page_overwrites_nothing(self):
        old = self.paper.version
        self.edit(self.paper, texts={self.first.key: "别人刚写的"})
        form = {"version": old, "idempotency_key": "r2"}
        page = self.client.post(self.url("paper_redraft", self.paper), form, follow=True)
        assert "别人修改过这份公文" in page.text
        assert self.stored().blocks[0].text == "别人刚写的"
        with self.assertRaises(StaleVersionError):
            redraft(Paper.objects.get(pk=self.paper.pk), by=self.staff, expected=old)

    def test_a_draft_is_deleted_but_never_an_issued_paper(self):
        kept = self.issued("bulletin").paper
        self.client.post(self.url("paper_delete", self.paper))
        self.client.post(self.url("paper_delete", kept))
        assert list(Paper.objects.all()) == [kept]
