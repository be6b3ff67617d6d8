"""The life of a paper: drafted, edited, drafted anew, issued. What was issued stays as it went out."""

import hashlib
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from assessments.models import Publication, Result
from portal.audit.models import Action, record
from portal.kit import documents, saving
from portal.kit.documents import BLANK, Block
from portal.kit.models import StaleVersionError
from portal.kit.scope import require
from portal.papers.models import IssuedPaper, Kind, Paper
from portal.papers.services import drafts


@transaction.atomic
def create_paper(paper: Paper, *, by: Any) -> Paper:
    """Keep a first text that `drafts` wrote."""
    paper.by = by
    return saving.save(paper, by=by)


@transaction.atomic
def update_paper(paper: Paper, *, by: Any, expected: int | None) -> Paper:
    """Save an edit; an issued paper that says something else now is a draft again, its versions stay."""
    stored = Paper.objects.get(pk=paper.pk)
    if stored.composed != paper.composed:
        paper.state = Paper.State.DRAFT
    return saving.save(paper, by=by, expected=expected, action=Action.UPDATED)


@transaction.atomic
def redraft(paper: Paper, *, by: Any, expected: int) -> Paper:
    """Write the text from the newest published figures; title, number, addressee and signature stay as they are."""
    fresh = first_text(paper, by=by)
    paper.content = {**paper.content, "blocks": fresh.content["blocks"]}
    paper.publication = fresh.publication
    return update_paper(paper, by=by, expected=expected)


def first_text(paper: Paper, *, by: Any) -> Paper:
    """The paper as it would be drafted now; ValidationError where nothing is published to draft it from."""
    if paper.kind == Kind.NOTICE:
        raise ValidationError("会议通知的内容由您填写，没有可以重新起草的数据，请直接修改。")
    publication = newest(paper)
    if publication is None:
        raise ValidationError("这个季度还没有公布结果，公布以后才能从数据起草。")
    if paper.kind == Kind.BULLETIN:
        return drafts.bulletin(publication, by=by)
    result = Result.objects.filter(publication=publication, unit=paper.unit).first()
    if result is None:
        raise ValidationError(f"{publication}中没有{paper.unit}，请改为手工修改。")
    return drafts.letter(result, by=by) if paper.kind == Kind.LETTER else drafts.talk(result, by=by)


def newest(paper: Paper) -> Publication | None:
    """The revision in force of the paper's quarter."""
    return Publication.objects.filter(quarter=paper.quarter).order_by("-revision").first() if paper.quarter_id else None


def is_outdated(paper: Paper) -> bool:
    """Whether the results were corrected after the paper was drafted from them."""
    found = newest(paper)
    return bool(paper.publication_id and found and found.pk != paper.publication_id)


def edited(paper: Paper) -> list[Block]:
    """The blocks that are not as the data wrote them: changed or added by hand."""
    return [block for block in paper.composed.blocks if block.is_changed or block.is_added]


@transaction.atomic
def issue_paper(paper: Paper, *, by: Any, expected: int, reason: str = "") -> IssuedPaper:
    """Keep what the paper says now as its next version: the words, the .docx and its digest.

    Raises StaleVersionError, ValidationError; then nothing is issued.
    """
    paper = Paper.objects.select_for_update(of=("self",)).select_related("area", "unit__area").get(pk=paper.pk)
    if paper.version != expected:
        raise StaleVersionError(paper)
    number = paper.versions.count() + 1
    problems = issue_problems(paper, number, reason)
    if problems:
        raise ValidationError(problems)
    issued = _version(paper, number, by, reason.strip())
    require(by, "add", issued)
    words = f"印发{issued.get_kind_display()} {issued}，校验值 {issued.digest[:12]}"
    record(by, Action.PUBLISHED, issued, reason=issued.reason, words=words)
    paper.state = Paper.State.ISSUED
    saving.save(paper, by=by)
    return issued


def issue_problems(paper: Paper, number: int, reason: str) -> list[str]:
    """Why the paper cannot be issued as it stands."""
    problems = []
    if paper.state == Paper.State.ISSUED:
        problems.append("内容与已印发的版本相同，不需要再次印发；请先修改。")
    if not paper.composed.blocks:
        problems.append("正文是空的，请先填写。")
    if paper.kind != Kind.TALK and any(BLANK in block.text for block in paper.composed.blocks):
        problems.append("正文里还有没有填写的空白（＿＿＿＿），请填写后再印发。")
    if number > 1 and not reason.strip():
        problems.append("重新印发必须写明原因。")
    return problems


def _version(paper: Paper, number: int, by: Any, reason: str) -> IssuedPaper:
    file = documents.docx_bytes(paper.composed)
    return IssuedPaper.objects.create(
        paper=paper, area=paper.unit.area if paper.unit else paper.area, unit=paper.unit, quarter=paper.quarter,
        number=number, kind=paper.kind, title=paper.title, document_number=paper.document_number, dated=paper.dated,
        content=documents.plain_paper(paper.composed), docx=file, digest=hashlib.sha256(file).hexdigest(),
        reason=reason, by=by,
    )  # fmt: skip
