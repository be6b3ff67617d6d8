"""Lists of stations, sites, brands, outposts and duty posts, for the screen and the workbook."""

from typing import Any

from organizations.filters.organizations import area_words
from outreach.models import Brand, DutyPost, Outpost, Site, Station
from outreach.services.places import four_haves, missing_parts
from portal.kit.tables import Column, Table


def place(row: Any) -> str:
    """ "水坪镇 双桥村", or the body that keeps it; `area__parent` and `unit` are loaded.

    A list of a past day says where the row stood then (services.places.with_place_on).
    """
    area = getattr(row, "place_then", None) or area_words(row.area)
    return f"{area}（{row.unit}）" if row.unit else area


def whole(words: str) -> str:
    return "amber" if words.startswith("缺") else "green"


class StationTable(Table):
    name = Column("名称", order_by="name", link=True)
    kind = Column("类别", order_by="kind", tone=lambda row: "blue" if row.kind == Station.Kind.STATION else "grey")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    parent = Column("所属联络站", order_by="parent__name")
    address = Column("地址")
    opening_hours = Column("开放时间")
    on_duty = Column("值班人员")
    since = Column("启用日期", order_by="since", numeric=True)
    until = Column("停用日期", order_by="until", numeric=True)

    class Meta:
        model = Station
        fields = ["name", "kind", "area", "parent", "address", "opening_hours", "on_duty", "since", "until"]


class SiteTable(Table):
    name = Column("名称", order_by="name", link=True)
    kind = Column("类别", order_by="kind")
    platform = Column(
        "平台名目", order_by="platform", value=lambda row: row.get_platform_display() if row.platform else ""
    )
    area = Column("所在区划", order_by="area__tree_code", value=place)
    organization = Column("主办组织", order_by="organization__name")
    award = Column("命名级别", order_by="award", value=lambda row: row.get_award_display() if row.award else "")
    award_year = Column("命名年份", order_by="award_year", numeric=True)
    address = Column("地址")
    fields_of_work = Column("工作领域")
    since = Column("启用日期", order_by="since", numeric=True)
    until = Column("停用日期", order_by="until", numeric=True)

    class Meta:
        model = Site
        fields = [
            "name", "kind", "platform", "area", "organization", "award", "award_year", "address", "fields_of_work",
            "since", "until",
        ]  # fmt: skip


class BrandTable(Table):
    name = Column("名称", order_by="name", link=True)
    area = Column("所在区划", order_by="area__tree_code", value=place)
    organization = Column("主办组织", order_by="organization__name")
    haves = Column("四有", value=four_haves, tone=lambda row: whole(four_haves(row)))
    goal = Column("目标")
    carrier = Column("载体")
    results = Column("成效")
    features = Column("特色")
    since = Column("启用日期", order_by="since", numeric=True)
    until = Column("停用日期", order_by="until", numeric=True)

    class Meta:
        model = Brand
        fields = [
            "name", "area", "organization", "haves", "goal", "carrier", "results", "features", "since", "until",
        ]  # fmt: skip


class OutpostTable(Table):
    name = Column("名称", order_by="name", link=True)
    kind = Column("类别", order_by="kind")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    parts = Column("三项", value=missing_parts, tone=lambda row: whole(missing_parts(row)))
    leader = Column("分管领导", order_by="leader")
    doer = Column("落实人员", order_by="doer")
    duties = Column("职责清单", value=lambda row: f"{len(row.duties.splitlines())} 项" if row.duties else "")
    since = Column("启用日期", order_by="since", numeric=True)
    until = Column("停用日期", order_by="until", numeric=True)

    class Meta:
        model = Outpost
        fields = ["name", "kind", "area", "parts", "leader", "doer", "duties", "since", "until"]


class DutyPostTable(Table):
    post = Column("责任岗位", order_by="post", link=True)
    network = Column("网络", order_by="network")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    official = Column("任岗干部", order_by="official")
    position = Column("现任职务", order_by="position")
    since = Column("任岗日期", order_by="since", numeric=True)
    until = Column("离任日期", order_by="until", numeric=True)

    class Meta:
        model = DutyPost
        fields = ["post", "network", "area", "official", "position", "since", "until"]
