"""Forms that a county brought: checked when they come in, filled when they are asked for."""

import difflib
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from portal.kit import files, saving
from portal.kit.documents import forms
from portal.papers.layout_data import SUBJECTS, Subject
from portal.papers.models import FormLayout

ENDINGS = {"xlsx", "docx"}
MOST_PROBLEMS = 20


@transaction.atomic
def keep(layout: FormLayout, upload: Any, *, by: Any, expected: int | None = None) -> FormLayout:
    """Save a layout, with a new file where there is one. Raises ValidationError that names every wrong placeholder."""
    replaced = layout.key
    content = _take(layout, upload) if upload else None
    if content is None and layout.pk:
        _refuse_unknown(layout, read(layout))
    saved = saving.save(layout, by=by, expected=expected)
    if content is not None:
        files.store(saved.key, content)
        transaction.on_commit(lambda: files.path_of(replaced).unlink(missing_ok=True))
    return saved


def read(layout: FormLayout) -> bytes:
    """The kept form. Raises ValidationError where the file is gone."""
    path = files.path_of(layout.key)
    if not path.is_file():
        raise ValidationError("这张表格的文件找不到了，请重新上传。")
    return path.read_bytes()


def filled(layout: FormLayout, row: Any, user: Any) -> bytes:
    """The form filled for a row."""
    subject = SUBJECTS[layout.subject]
    return forms.fill(read(layout), layout.ending, subject.values(row, user), subject.list(row, user))


def preview(layout: FormLayout, row: Any, user: Any) -> list[tuple[str, str]]:
    """(placeholder, what will stand there); of a list the first items and how many there are."""
    subject = SUBJECTS[layout.subject]
    values, lists = subject.values(row, user), subject.list(row, user)
    return [(name, _said(name, values, lists)) for name in layout.names]


def sample(name: str, ending: str) -> bytes:
    """A plain form with every placeholder of a subject, to begin from."""
    subject = SUBJECTS[name]
    names = [*subject.names, "填表人", "填表日期"]
    return forms.sample(
        f"{subject.label}示例表", names, {listed: list(keys) for listed, keys in subject.lists.items()}, ending
    )


def _take(layout: FormLayout, upload: Any) -> bytes:
    ending = str(upload.name).rpartition(".")[2].lower()
    if ending not in ENDINGS:
        raise ValidationError({"file": "请上传 xlsx 或 docx 文件；旧的 xls、doc 请先另存为新格式。"})
    try:
        checked = files.check(upload)
    except ValidationError as error:
        raise ValidationError({"file": error.messages}) from error
    layout.file_name, layout.ending, layout.size = checked.name, ending, len(checked.content)
    layout.digest, layout.key = checked.digest, uuid.uuid4()
    _refuse_unknown(layout, checked.content)
    return checked.content


def _refuse_unknown(layout: FormLayout, content: bytes) -> None:
    try:
        found = forms.placeholders(content, layout.ending)
    except (KeyError, ValueError, TypeError, AttributeError, OSError) as error:
        raise ValidationError({"file": "文件打不开，请用 Excel、WPS 或 Word 重新保存后再传。"}) from error
    if not found:
        raise ValidationError(
            {"file": "表格里没有占位符。请在要填的格子里写上 {{组织名称}} 这样的占位符，名称见“可用的占位符”。"}
        )
    subject = SUBJECTS[layout.subject]
    problems = [*_unknown(found, subject), *_mixed(found)]
    if problems:
        raise ValidationError({"file": problems[:MOST_PROBLEMS]})
    layout.names = list(dict.fromkeys(one.name for one in found))


def _unknown(found: Iterable[forms.Found], subject: Subject) -> list[str]:
    problems = []
    for name, where in found:
        if name not in subject.known:
            meant = difflib.get_close_matches(name, subject.known, n=1, cutoff=0.4)
            hint = f"，是否为“{meant[0]}”？" if meant else "，请从“可用的占位符”中选用。"
            problems.append(f"{where}：没有“{name}”这个占位符{hint}")
    return problems


def _mixed(found: Iterable[forms.Found]) -> list[str]:
    """A place that belongs to two lists at once."""
    lists: dict[str, set[str]] = {}
    for name, where in found:
        row = where.rpartition(" ")[2].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if "单元格" in where else where
        if forms.list_of(name):
            lists.setdefault(f"{where.partition('单元格')[0]}{row}", set()).add(forms.list_of(name))
    return [
        f"同一行里有两个清单（{'、'.join(sorted(names))}），请分成两行。" for names in lists.values() if len(names) > 1
    ]


def _said(name: str, values: Any, lists: Any) -> str:
    listed = forms.list_of(name)
    if not listed:
        return forms.shown(values.get(name))
    items = lists.get(listed, [])
    first = "、".join(forms.shown(item.get(name.partition(".")[2])) or "（空）" for item in items[:3])
    return f"{first}{'……' if len(items) > 3 else ''}（共 {len(items)} 行）"  # noqa: PLR2004
