"""What is asked to draft a paper, the editor's form, what is asked to issue one."""

import uuid
from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from assessments.models import Publication, Result
from organizations.models import Area, Level, Unit
from portal.kit.documents import CELL, HEADINGS, Block, Kind
from portal.kit.forms import KeyedForm, ModelForm, check_text
from portal.papers.models import Paper
from portal.papers.services import drafts

MOST_BLOCKS, LONGEST = 200, 20_000
MOST_CHARACTERS, MOST_CELLS, MOST_COLUMNS = 60_000, 3_000, 12  # what is drawn in a few seconds
KINDS = [
    (Kind.FIRST, "一级标题（一、）"), (Kind.SECOND, "二级标题（（一））"), (Kind.THIRD, "三级标题（1.）"),
    (Kind.FOURTH, "四级标题（（1））"), (Kind.TEXT, "正文"), (Kind.TABLE, "表格"),
]  # fmt: skip
LINE = 42  # characters of a block's box in one line


class DraftForm(KeyedForm):
    """Base of the forms that end in a first text: `draft` writes it."""

    def __init__(self, *args: Any, user: Any = None, instance: Any = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user, self.instance = user, Paper()

    def draft(self) -> Paper:
        raise NotImplementedError


class BulletinForm(DraftForm):
    publication = forms.ModelChoiceField(Publication.objects.none(), label="公布结果", help_text="通报按这一版结果起草")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        found = Publication.objects.permitted(self.user).latest().select_related("quarter__scheme__area")
        self.fields["publication"].queryset = found
        self.initial.setdefault("publication", found.first())

    def draft(self) -> Paper:
        return drafts.bulletin(self.cleaned_data["publication"], by=self.user)


class LetterForm(BulletinForm):
    unit = forms.ModelChoiceField(Unit.objects.none(), label="考核对象")
    field_order = ["publication", "unit"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["publication"].help_text = "名次、得分和失分事项取自这一版结果"
        units = Unit.objects.permitted(self.user).filter(results__publication__in=self.fields["publication"].queryset)
        self.fields["unit"].queryset = units.distinct()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        publication, unit = cleaned.get("publication"), cleaned.get("unit")
        self.result = (
            Result.objects.filter(publication=publication, unit=unit).first() if publication and unit else None
        )
        if publication and unit and self.result is None:
            self.add_error("unit", f"{publication}中没有{unit}，请选择参加这个季度考评的单位。")
        return cleaned

    def draft(self) -> Paper:
        return drafts.letter(self.result, by=self.user)


class TalkForm(LetterForm):
    def draft(self) -> Paper:
        return drafts.talk(self.result, by=self.user)


class NoticeForm(DraftForm):
    county = forms.ModelChoiceField(Area.objects.none(), label="县（市）")
    subject = forms.CharField(label="会议名称", max_length=40, help_text="例如：第三季度统一战线工作推进会")
    on = forms.DateField(label="会议日期")
    time = forms.CharField(label="会议时间", max_length=20, required=False, help_text="例如：上午9时")
    place = forms.CharField(label="会议地点", max_length=60, required=False)
    agenda = forms.CharField(
        label="会议内容", widget=forms.Textarea({"rows": 4}), max_length=2000, required=False, help_text="一行一项"
    )
    participants = forms.ModelMultipleChoiceField(
        Unit.objects.none(), label="参会单位", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        counties = Area.objects.permitted(self.user).existing().filter(level=Level.COUNTY)
        self.fields["county"].queryset = counties
        self.initial.setdefault("county", counties.first())
        self.fields["participants"].queryset = Unit.objects.permitted(self.user).in_force()

    def draft(self) -> Paper:
        said = self.cleaned_data
        agenda = tuple(line.strip() for line in said["agenda"].splitlines() if line.strip())
        meeting = drafts.Meeting(
            said["subject"], said["on"], said["time"], said["place"], agenda, tuple(said["participants"])
        )
        return drafts.notice(said["county"], meeting)


class BlocksWidget(forms.Widget):
    """The blocks as three lists of equal names: block-key, block-kind, block-text. The page draws them itself."""

    NAMES = ("key", "kind", "text")

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:
        lists = [data.getlist(f"block-{part}") for part in self.NAMES] if hasattr(data, "getlist") else [[], [], []]
        return [dict(zip(self.NAMES, values, strict=True)) for values in zip(*lists, strict=False)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return "block-text" not in data

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Hidden fields, for the page that compares two people's texts."""
        fields = [(part, block[part]) for block in value or [] for part in self.NAMES]
        return format_html_join("", '<input type="hidden" name="block-{}" value="{}">', fields)


class BlocksField(forms.Field):
    """What the editor posts, checked: kinds that exist, texts without control characters; an emptied block is gone."""

    widget = hidden_widget = BlocksWidget

    def clean(self, value: Any) -> list[dict[str, str]]:
        if len(value) > MOST_BLOCKS:
            raise ValidationError(f"正文最多 {MOST_BLOCKS} 段，请把相连的几段合并。")
        for number, block in enumerate(value, 1):
            self._check(number, block)
        if sum(len(block["text"]) for block in value) > MOST_CHARACTERS:
            raise ValidationError(f"正文最多 {MOST_CHARACTERS} 字，请删减，或把表格作为附件另发。")
        if sum(_cells(block)[1] for block in value) > MOST_CELLS:
            raise ValidationError(f"各表合计最多 {MOST_CELLS} 格，请删减，或把表格作为附件另发。")
        return [{**block, "text": _lines(block["text"])} for block in value if block["text"].strip()]

    def _check(self, number: int, block: dict[str, str]) -> None:
        if block["kind"] not in {value for value, _ in KINDS}:
            raise ValidationError(f"第 {number} 段没有选择种类，请选择。")
        if len(block["text"]) > LONGEST:
            raise ValidationError(f"第 {number} 段超过 {LONGEST} 字，请分成几段。")
        if _cells(block)[0] > MOST_COLUMNS:
            raise ValidationError(f"第 {number} 段的表格超过 {MOST_COLUMNS} 列，纸上排不下，请减少列数。")
        try:
            check_text(block["text"])
        except ValidationError as error:
            raise ValidationError(f"第 {number} 段{error.messages[0]}") from error


class PaperForm(ModelForm):
    """The editor: what stands around the text, and the text in blocks."""

    addressee = forms.CharField(label="主送", max_length=200, required=False)
    attachments = forms.CharField(
        label="附件说明",
        widget=forms.Textarea({"rows": 2}),
        max_length=500,
        required=False,
        help_text="一行一个附件名称",
    )
    copy_to = forms.CharField(label="抄送", max_length=200, required=False)
    blocks = BlocksField(label="正文", required=False)

    class Meta:
        model = Paper
        fields = ["title", "head", "document_number", "signed_by", "dated"]

    field_order = [
        "title",
        "head",
        "document_number",
        "addressee",
        "blocks",
        "attachments",
        "signed_by",
        "dated",
        "copy_to",
    ]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.known = {
            block.key: block for block in self.instance.composed.blocks
        }  # as stored, before typing takes its place
        self.initial |= _around(self.instance)
        self.initial["blocks"] = [_posted(block) for block in self.instance.composed.blocks]

    @property
    def block_rows(self) -> list[dict[str, Any]]:
        """Each block as the editor draws it: what is typed, where its figures come from, what the draft said."""
        typed = self["blocks"].value() or []
        return [_row(number, block, self.known.get(block["key"])) for number, block in enumerate(typed, 1)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "blocks" in cleaned:
            typed = cleaned["blocks"] if "block-text" in self.data else map(_posted, self.known.values())
            blocks = [asdict(_merged(block, self.known)) for block in typed]
            attachments = [line.strip() for line in cleaned.get("attachments", "").splitlines() if line.strip()]
            self.instance.content = {
                **self.instance.content, "blocks": blocks, "attachments": attachments,
                "addressee": cleaned.get("addressee", ""), "copy_to": cleaned.get("copy_to", ""),
            }  # fmt: skip
        return cleaned

    def comparison(self, stored: Any) -> list[tuple[str, str, str, str, bool]]:
        """The fields, then only those blocks that differ: the text is long."""
        before, mine, theirs = self._base(), self._shown(self.instance), self._shown(stored)
        names = [*mine, *[name for name in theirs if name not in mine]]
        rows = [
            (self._label(name, names), *(said.get(name, "") for said in (mine, theirs, before)), mine.get(name) != theirs.get(name))
            for name in names
        ]  # fmt: skip
        return [row for name, row in zip(names, rows, strict=True) if row[-1] or name in self.fields]

    def _label(self, name: str, names: list[str]) -> str:
        if name in self.fields:
            return str(self.fields[name].label)
        return f"正文第 {[other for other in names if other not in self.fields].index(name) + 1} 段"

    def _shown(self, obj: Any) -> dict[str, str]:
        texts = {f"block {block.key}": block.text for block in obj.composed.blocks}
        return super()._shown(obj) | _around(obj) | texts


class IssueForm(KeyedForm):
    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label="重新印发的原因", max_length=300, required=False, widget=forms.Textarea({"rows": 2}),
        help_text="已经印发过的，写明为什么重新印发，例如：更正第二部分的数字",
    )  # fmt: skip

    def __init__(self, *args: Any, again: bool = False, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not again:
            del self.fields["reason"]


class RedraftForm(KeyedForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


def _around(paper: Paper) -> dict[str, str]:
    """What stands around the text and is no column."""
    said = paper.composed
    return {"addressee": said.addressee, "copy_to": said.copy_to, "attachments": "\n".join(said.attachments)}


def _posted(block: Block) -> dict[str, str]:
    return {"key": block.key, "kind": block.kind, "text": block.text}


def _cells(block: dict[str, str]) -> tuple[int, int]:
    """(columns, cells) of a table's block as it is drawn; nothing of any other."""
    if block["kind"] != Kind.TABLE:
        return 0, 0
    lines = [line for line in block["text"].splitlines() if line.strip()]
    columns = max((len(CELL.split(line)) for line in lines), default=0)
    return columns, columns * len(lines)


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))


def _merged(typed: dict[str, str], known: dict[str, Block]) -> Block:
    """What was typed with what is known of its block; a new block has a key that no draft gives."""
    before = known.get(typed["key"])
    if before is None:
        return Block(typed["kind"], typed["text"], f"n{uuid.uuid4().hex[:10]}")
    return Block(typed["kind"], typed["text"], before.key, before.sources, before.drafted)


def _row(number: int, typed: dict[str, str], before: Block | None) -> dict[str, Any]:
    lines = typed["text"].split("\n")
    rows = sum(1 + len(line) // LINE for line in lines)
    drafted = before.drafted if before else ""
    return {
        "number": number, **typed, "kinds": KINDS, "sources": before.sources if before else (), "drafted": drafted,
        "is_changed": bool(drafted) and _lines(typed["text"]) != drafted, "is_added": not drafted,
        "is_heading": typed["kind"] in HEADINGS, "rows": min(24, max(1 if typed["kind"] in HEADINGS else 2, rows)),
    }  # fmt: skip
