"""First texts of the papers, written from the data; each block carries the places where its figures can be looked up."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone

from assessments.models import Publication, Quarter, Result, ResultLine
from assessments.scoring import plain
from organizations.coverage import Coverage
from organizations.models import Area, Unit
from portal.kit import documents
from portal.kit.documents import BLANK, Block, Source
from portal.kit.templatetags.kit import whole_percent
from portal.papers.models import Kind, Paper
from portal.papers.services.figures import ClassFigures, Figures, Share, figures_of, lost, lost_lines

BEST, WORST = 3, 3
MOST_LOST = 3
SPARE_LINES = 3
GAPS = re.compile(
    r"(?<=[\w%.]) (?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff）]) (?=\w)", re.ASCII
)  # papers set figures without them


@dataclass(frozen=True)
class Meeting:
    """What a meeting notice is about."""

    subject: str
    on: dt.date
    time: str
    place: str
    agenda: tuple[str, ...]
    participants: tuple[Unit, ...]


def bulletin(publication: Publication, *, by: Any) -> Paper:
    """通报: results by class, what went well, what is weak, who is followed up, what comes next."""
    figures = figures_of(publication, by=by)
    quarter = publication.quarter
    county = quarter.scheme.area
    blocks = [
        _opening(figures), _heading("h1", "考评结果"),
        *[block for found in figures.classes for block in _class_blocks(figures, found)],
        *_well_and_weak(figures), *_covered(figures), *_followed(figures), *_next_steps(figures),
    ]  # fmt: skip
    return _paper(
        Kind.BULLETIN, county, f"关于{quarter}统一战线工作考评情况的通报", blocks,
        addressee=f"各乡镇党委，{level_word(county)}直有关单位党委（党组）：", publication=publication,
        head=f"{department(county)}文件",
    )  # fmt: skip


def letter(result: Result, *, by: Any) -> Paper:
    """提醒函 to a unit at the bottom of its class: where it stands, what it lost and where, what is asked of it."""
    figures = figures_of(result.publication, by=by)
    lines = lost_lines(figures.lines[result.pk])
    blocks = [
        _block("text", f"{_standing(figures, result)}根据{_rule(figures)}，现予提醒。", _slip(result), _ranking(figures)),
        _heading("h1", "失分情况"), *_lost_blocks(result, lines), _heading("h1", "工作要求"),
        _block("text", "请你单位认真分析失分原因，对照下列事项逐项制定整改措施，明确责任人和完成时限："),
        *[_block("text", f"{index}. {line.category}·{line.name}（失 {plain(lost(line))} 分）。", _slip(result))
          for index, line in enumerate(lines[:MOST_LOST], 1)],
        _block("text", f"请于{BLANK}前将整改情况书面报{department(result.publication.quarter.scheme.area)}。"),
    ]  # fmt: skip
    return _paper(
        Kind.LETTER, result.publication.quarter.scheme.area, f"关于{result.publication.quarter}考评情况的提醒函", blocks,
        addressee=f"{result.unit_name}：", publication=result.publication, unit=result.unit,
    )  # fmt: skip


def talk(result: Result, *, by: Any) -> Paper:
    """约谈记录: the unit, why, the points lost; what is said at the talk is left blank."""
    figures = figures_of(result.publication, by=by)
    lines = lost_lines(figures.lines[result.pk])
    present = [
        ("约谈对象", result.unit_name),
        *[(label, BLANK) for label in ("约谈时间", "约谈地点", "约谈人", "参加人员", "记录人")],
    ]
    promises = [("失分事项", "失分", "整改措施", "完成时限", "责任人")]
    promises += [(line.name, plain(lost(line)), "", "", "") for line in lines] or [("", "", "", "", "")] * SPARE_LINES
    blocks = [
        _table([("项目", "内容"), *present]), _heading("h1", "约谈事由"),
        _block("text", f"{_standing(figures, result)}根据{_rule(figures)}进行约谈提醒。", _slip(result), _ranking(figures)),
        _heading("h1", "失分情况"), *_lost_blocks(result, lines), _heading("h1", "单位说明的情况和原因"), _block("text", BLANK),
        _heading("h1", "整改承诺和时限"), _table(promises, _slip(result)), _heading("h1", "约谈意见"), _block("text", BLANK),
        _block("text", f"约谈人（签字）：{BLANK}"), _block("text", f"约谈对象（签字）：{BLANK}"),
    ]  # fmt: skip
    title = f"{result.unit_name}{result.publication.quarter}约谈提醒记录"
    county = result.publication.quarter.scheme.area
    return _paper(Kind.TALK, county, title, blocks, publication=result.publication, unit=result.unit)


def notice(county: Area, meeting: Meeting, *, quarter: Quarter | None = None) -> Paper:
    """会议通知: when, where, what about, who comes."""
    listing = _source("考核对象名册", reverse("organizations:unit_list"))
    on = f"{documents.chinese_date(meeting.on)}（星期{'一二三四五六日'[meeting.on.weekday()]}）{meeting.time or BLANK}"
    names = "、".join(unit.name for unit in meeting.participants)
    blocks = [
        _block("text", f"经研究，决定召开{meeting.subject}。现将有关事项通知如下。"),
        _heading("h1", "会议时间"), _block("text", f"{on}。"), _heading("h1", "会议地点"),
        _block("text", f"{meeting.place or BLANK}。"), _heading("h1", "会议内容"),
        *[_block("text", f"{index}. {item}") for index, item in enumerate(meeting.agenda or (BLANK,), 1)],
        _heading("h1", "参会单位"),
        _block("text", f"{names}，共 {len(meeting.participants)} 个单位，各 1 名负责同志参加。" if names else BLANK, listing),
        _heading("h1", "有关要求"),
        _block("text", f"请参会单位于{BLANK}前报送参会人员名单；因故不能参加的，须履行请假手续。"),
    ]  # fmt: skip
    addressee = "各参会单位："
    return _paper(Kind.NOTICE, county, f"关于召开{meeting.subject}的通知", blocks, addressee=addressee, quarter=quarter)


def department(county: Area) -> str:
    """The united front department of a county's party committee."""
    return f"中共{county.name}委统战部"


def level_word(county: Area) -> str:
    """县, 市 or 区, as the county's own name ends."""
    return county.name[-1:] if county.name[-1:] in "县市区" else "县"


def _paper(kind: str, county: Area, title: str, blocks: Iterable[Block], **fields: Any) -> Paper:
    """An unsaved paper with its blocks numbered; what an edit is compared with is kept beside them."""
    publication, addressee = fields.pop("publication", None), fields.pop("addressee", "")
    quarter = fields.pop("quarter", None) or (publication.quarter if publication else None)
    keyed = [
        Block(block.kind, text, f"b{index}", block.sources, text)
        for index, block in enumerate(blocks, 1)
        for text in [GAPS.sub("", block.text)]
    ]
    content = documents.plain_paper(documents.Paper(title, tuple(keyed), addressee=addressee))
    return Paper(
        kind=kind, area=county, title=title[: Paper._meta.get_field("title").max_length], quarter=quarter,
        publication=publication, signed_by="" if kind == Kind.TALK else department(county),
        content={name: content[name] for name in ("blocks", "addressee", "attachments", "copy_to")}, **fields,
    )  # fmt: skip


def _opening(figures: Figures) -> Block:
    publication = figures.publication
    classes = "、".join(f"{found.label} {len(found.results)} 个" for found in figures.classes)
    exempt = len(figures.results) - len(figures.ranked)
    out = f"，不参加排名的 {exempt} 个" if exempt else ""
    revision = f"（第{publication.revision}版）" if publication.revision > 1 else ""
    return _block(
        "text",
        f"{publication.quarter}统一战线工作考评结果已于{documents.chinese_date(_local(publication.at))}公布{revision}。"
        f"本季度共考评 {len(figures.results)} 个单位，其中{classes}；参加排名的 {len(figures.ranked)} 个{out}。现将有关情况通报如下。",
        _ranking(figures),
    )  # fmt: skip


def _class_blocks(figures: Figures, found: ClassFigures) -> list[Block]:
    source = _ranking(figures, found.unit_class)
    rows = [("名次", "考核对象", "总分", "任务得分", "时效加分", "比上季"), *[_row(result) for result in found.results]]
    return [_heading("h2", f"{found.label}单位"), _block("text", _class_words(found), source), _table(rows, source)]


def _class_words(found: ClassFigures) -> str:
    words = f"{found.label}单位 {len(found.results)} 个，参加排名的 {len(found.ranked)} 个"
    if not found.ranked or found.average is None:
        return f"{words}。"
    best = [result for result in found.ranked if result.rank == 1]
    last = [result for result in found.ranked if result.rank == max(other.rank or 0 for other in found.ranked)]
    words += f"，平均 {plain(found.average)} 分，最高 {_points(best[0].total)} 分（{_names(best)}）"
    return words + (f"，最低 {_points(last[0].total)} 分（{_names(last)}）。" if last[0].rank != 1 else "。")


def _row(result: Result) -> tuple[str, ...]:
    change = (result.previous_rank - result.rank) if result.rank and result.previous_rank else None
    said = "—" if change is None else "持平" if not change else f"升 {change} 名" if change > 0 else f"降 {-change} 名"
    return (
        str(result.rank or "—"), result.unit_name, _points(result.total), _points(result.scaled), plain(result.bonus),
        said if result.rank else f"不排名：{result.exempt_reason}",
    )  # fmt: skip


def _well_and_weak(figures: Figures) -> list[Block]:
    """By category, with the indicators that brought most and least."""
    shares = figures.by_category()
    if not shares:
        return []
    basis = _basis(figures)
    per_class = [{share.name: share for share in figures.by_category(found.unit_class)} for found in figures.classes]
    rows = [("类别", *[found.label for found in figures.classes], "合计"),
            *[(share.name, *[_words(found.get(share.name)) for found in per_class], _words(share)) for share in shares]]  # fmt: skip
    ordered = sorted(shares, key=lambda share: -share.percent)
    well = [share for share in ordered if share.percent >= 90] or ordered[:1]
    weak = [share for share in reversed(ordered) if share not in well][:WORST]
    indicators = sorted(figures.by_indicator(), key=lambda share: (-share.ratio, share.name))
    blocks = [
        _heading("h1", "主要成效"),
        _block("text", f"按考评类别看，得分率较高的是{_list(well)}。完成较好的事项有{_list(indicators[:BEST])}。", basis),
        _block("text", "各类别得分率和得分/满分如下：", basis),
        _table(rows, basis), _heading("h1", "存在的问题"),
    ]  # fmt: skip
    if weak:
        blocks.append(_block("text", f"得分率较低的类别是{_list(weak)}。", basis))
    worst = [share for share in reversed(indicators) if share.short][:WORST]
    blocks += [_weak_words(figures, share) for share in worst]
    return [*blocks, *_silent(figures)]


def _weak_words(figures: Figures, share: Share) -> Block:
    text = f"{share.category}·{share.name}得分率 {share.words}，{share.units} 个单位中有 {share.short} 个失分，共失 {plain(share.lost)} 分。"
    return _block("text", text, _basis(figures, share.name))


def _silent(figures: Figures) -> list[Block]:
    if not figures.silent:
        return []
    names = "、".join(report.unit.name for report in figures.silent)
    source = _source("自评进度", reverse("assessments:report_list", args=[figures.publication.quarter_id]))
    return [_block("text", f"有 {len(figures.silent)} 个单位没有提交自评：{names}。", source)]


def _covered(figures: Figures) -> list[Block]:
    """The county's coverage goals on the quarter's last day, as the overview shows them."""
    quarter = figures.publication.quarter
    county, on = quarter.scheme.area, quarter.last_day
    lines = [line for line in Coverage(county, [on]).lines(on) if line.target]
    if not lines:
        return []
    source = _source("覆盖总览", reverse("dashboards:coverage_area", args=[county.pk], query={"on": on.isoformat()}))
    said = "；".join(
        f"{line.title} {line.achieved}/{line.target}（{whole_percent(line.achieved, line.target)}%）" for line in lines
    )
    text = f"截至{documents.chinese_date(on)}，各项覆盖目标完成情况：{said}。"
    return [_heading("h1", "覆盖情况"), _block("text", text, source)]


def _followed(figures: Figures) -> list[Block]:
    """Who is followed up, by the scheme's rule, with where they lost most."""
    followed = figures.followed
    if not followed:
        return []
    rows = [("类别", "考核对象", "名次", "总分", "失分最多的事项")]
    for result in followed:
        worst = "、".join(f"{line.name}（{plain(lost(line))}）" for line in lost_lines(figures.lines[result.pk])[:2])
        rows.append(
            (figures.class_of(result).label, result.unit_name, str(result.rank), _points(result.total), worst or "—")
        )
    words = f"根据{_rule(figures)}，本季度跟进的单位共 {len(followed)} 个："
    sources = [_ranking(figures), *[_slip(result) for result in followed]]
    return [_heading("h1", "跟进单位"), _block("text", words, sources[0]), _table(rows, *sources)]


def _next_steps(figures: Figures) -> list[Block]:
    scheme = figures.publication.quarter.scheme
    plan = _source(f"{scheme}", scheme.get_absolute_url())
    return [
        _heading("h1", "下一步要求"), _heading("h3", "对照失分抓整改"),
        _block("text", "各单位要对照得分明细单逐项查找原因，能立即整改的立即整改，需要时间的明确责任人和完成时限。"),
        _heading("h3", "跟进单位限期改进"),
        _block("text", f"对每类末 {scheme.follow_up_last} 名发提醒函，连续 {scheme.follow_up_running} 个季度列末位的列入重点管理。", plan),
        _heading("h3", "按时完成下季度任务"), _block("text", "各单位要按季度任务清单的期限推进工作，及时登记台账和佐证材料。"),
    ]  # fmt: skip


def _standing(figures: Figures, result: Result) -> str:
    """Where the unit stands in its class, in words."""
    found = figures.class_of(result)
    before = f"（上季度第 {result.previous_rank} 名）" if result.previous_rank else ""
    words = (
        f"在{figures.publication.quarter}统一战线工作考评中，{result.unit_name}总分 {_points(result.total)} 分，"
        f"在{found.label} {len(found.ranked)} 个参加排名的单位中列第 {result.rank or '—'} 名{before}"
    )
    if found.average is not None and result.total is not None and result.total < found.average:
        words += f"，比本类平均分 {plain(found.average)} 分低 {plain(found.average - result.total)} 分"
    return f"{words}。"


def _lost_blocks(result: Result, lines: Sequence[ResultLine]) -> list[Block]:
    """The points lost, an indicator a row, with their sum; it equals the slip's."""
    total = sum((lost(line) for line in lines), Decimal(0))
    if not lines:
        return [_block("text", "本季度各项任务没有失分。", _slip(result))]
    rows = [("类别", "指标", "满分", "得分", "失分", "评分说明")]
    rows += [
        (line.category, line.name, plain(line.maximum), _points(line.points), plain(lost(line)), line.reason)
        for line in lines
    ]
    maximum, points = (sum((getattr(line, name) for line in lines), Decimal(0)) for name in ("maximum", "points"))
    rows.append(("合计", f"{len(lines)} 项", plain(maximum), plain(points), plain(total), ""))
    bonus = f"；时效{'加' if result.bonus > 0 else '扣'}分 {plain(abs(result.bonus))} 分" if result.bonus else ""
    words = (
        f"适用满分 {plain(result.base)} 分，任务得分 {plain(result.points)} 分，失 {plain(total)} 分{bonus}。具体如下："
    )
    return [_block("text", words, _slip(result)), _table(rows, _slip(result))]


def _rule(figures: Figures) -> str:
    scheme = figures.publication.quarter.scheme
    return f"《{scheme}》“每类末 {scheme.follow_up_last} 名跟进”的规定"


def _heading(kind: str, text: str) -> Block:
    return Block(kind, text)


def _block(kind: str, text: str, *sources: Source) -> Block:
    return Block(kind, text, sources=tuple(sources))


def _table(rows: Sequence[Sequence[str]], *sources: Source) -> Block:
    return _block("table", documents.table_text(rows), *sources)


def _source(label: str, url: str) -> Source:
    return Source(label, url)


def _ranking(figures: Figures, unit_class: str = "all") -> Source:
    publication = figures.publication
    return _source(f"{publication}排名", f"{publication.get_absolute_url()}?class={unit_class}")


def _slip(result: Result) -> Source:
    return _source(f"{result.unit_name}得分明细单", result.get_absolute_url())


def _basis(figures: Figures, indicator: str = "") -> Source:
    url = reverse(
        "papers:paper_basis", args=[figures.publication.pk], query={"indicator": indicator} if indicator else None
    )
    return _source(f"{indicator or '各类别'}得分率", url)


def _list(shares: Iterable[Share]) -> str:
    return "、".join(f"{share.name} {share.words}" for share in shares)


def _words(share: Share | None) -> str:
    """A table's cell: it may break before the fraction."""
    return f"{share.percent}% {plain(share.points)}/{plain(share.maximum)}" if share else "—"


def _names(results: Iterable[Result]) -> str:
    return "、".join(result.unit_name for result in results)


def _points(value: Decimal | None) -> str:
    return "—" if value is None else plain(value)


def _local(moment: dt.datetime) -> dt.date:
    return timezone.localtime(moment).date()
