"""Lists of pairings, the unpaired, visits, those not seen, rhythms and hand-overs."""

from collections.abc import Iterator
from typing import Any, cast

from outreach.models import Enterprise, Handover, Official, Pairing, Visit
from outreach.services.visits import NOT_SHOWN, called, load_names, whom
from outreach.tables.places import place
from portal.kit.tables import Column, ListTable, Row, Table

TONES = {"planned": "amber", "done": "green", "cancelled": "grey"}


def officials(visit: Any) -> str:
    return "、".join(called(visit, "officials"))


def notes(visit: Any) -> str:
    """What was raised and promised, for those who may read it (`with_readable_notes`)."""
    if not visit.notes_readable:
        return NOT_SHOWN
    parts = {"反映": visit.raised, "承诺": visit.promised}
    return "；".join(f"{label}：{text}" for label, text in parts.items() if text)


class PairingTable(Table):
    target = Column("结对对象", link=True, value=lambda row: str(row.target))
    kind = Column("类别", value=lambda row: row.enterprise.get_kind_display() if row.enterprise_id else "联系对象")
    official = Column("联系干部", order_by="official__name", value=lambda row: row.official.name)
    position = Column("职务", order_by="official__position", value=lambda row: row.official.position)
    area = Column("所在区划", order_by="area__tree_code", value=place)
    last_on = Column("最近走访", order_by="last_on")
    since = Column("结对日期", order_by="since", numeric=True)
    until = Column("结束日期", order_by="until", numeric=True)
    end = Column("结束原因", order_by="end", value=lambda row: row.get_end_display() if row.end else "")

    class Meta:
        model = Pairing
        fields = ["target", "kind", "official", "position", "area", "last_on", "since", "until", "end"]


class UnpairedEnterpriseTable(Table):
    name = Column("名称", order_by="name", link=lambda row: f"../../add/?sides=enterprise-{row.pk}")
    kind = Column("类别", order_by="kind")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    since = Column("登记日期", order_by="since", numeric=True)

    class Meta:
        model = Enterprise
        fields = ["name", "kind", "area", "since"]


class UnpairedOfficialTable(Table):
    name = Column("姓名", order_by="name", link=lambda row: f"../../add/?official={row.pk}")
    position = Column("职务", order_by="position")
    kind = Column("类别", order_by="kind")
    area = Column("所在区划", order_by="area__tree_code", value=place)

    class Meta:
        model = Official
        fields = ["name", "position", "kind", "area"]


class VisitTable(Table):
    on = Column("日期", order_by="on", link=True)
    whom = Column("走访对象", value=whom)
    officials = Column("走访干部", value=officials)
    matter = Column("事项", order_by="matter")
    state = Column("状态", order_by="state", tone=lambda row: TONES[row.state])
    area = Column("所在区划", order_by="area__tree_code", value=place)
    next_on = Column("下次走访", order_by="next_on")
    notes = Column("走访情况", value=notes)

    class Meta:
        model = Visit
        fields = ["on", "whom", "officials", "matter", "state", "area", "next_on", "notes"]

    @property
    def rows(self) -> Iterator[Row]:
        self.objects = load_names(cast(Any, self.objects).prefetch_related(None))
        return super().rows


class UnseenTable(ListTable):
    target = Column("名称", value=lambda row: row.target, link=lambda row: row.visit_url, order_by="target")
    kind = Column("对象", order_by="kind", value=lambda row: row.kind)
    area = Column("所在区划", value=lambda row: row.place, order_by="area")
    officials = Column("结对干部", value=lambda row: row.officials, order_by="officials")
    last_on = Column("最近走访", value=lambda row: row.last_on or "从未走访")
    months = Column("已过月数", value=lambda row: row.months, numeric=True, order_by="months")
    wanted = Column("走访频次（月）", value=lambda row: row.wanted, numeric=True, order_by="wanted")

    class Meta:
        model = Visit
        fields = ["target", "kind", "area", "officials", "last_on", "months", "wanted"]


class RhythmTable(ListTable):
    whom = Column("对象", value=lambda row: row.label, link=lambda row: row.url)
    months = Column("至少每几个月走访一次", value=lambda row: row.months, numeric=True)
    source = Column("依据", value=lambda row: row.source)

    class Meta:
        model = Visit
        fields = ["whom", "months", "source"]


class HandoverTable(Table):
    on = Column("移交日期", order_by="on", link=True)
    from_official = Column("移交人", order_by="from_official__name")
    to_official = Column("接收人", order_by="to_official__name")
    counts = Column("移交内容", value=lambda row: counts_words(row.items))
    by = Column("办理人", value=lambda row: str(row.by or ""))

    class Meta:
        model = Handover
        fields = ["on", "from_official", "to_official", "counts", "by"]


def counts_words(items: dict[str, Any]) -> str:
    """ "结对 3 个、诉求 1 件" of a hand-over's items."""
    words = {
        "pairings": "结对 {} 个",
        "planned": "计划走访 {} 次",
        "promised": "约定走访 {} 次",
        "requests": "诉求 {} 件",
    }
    return "、".join(text.format(len(items[name])) for name, text in words.items() if items.get(name)) or "没有未了事项"
