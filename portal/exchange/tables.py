"""Lists of batches and jobs."""

from typing import Any

from portal.exchange.models import ImportBatch, Job
from portal.exchange.registers import WORKBOOKS
from portal.kit.tables import Column, Table

TONES = {
    ImportBatch.State.WRITTEN: "green", ImportBatch.State.PREVIEW: "amber", ImportBatch.State.COLUMNS: "amber",
    Job.State.DONE: "green", Job.State.FAILED: "red", Job.State.LOST: "red", Job.State.QUEUED: "blue", Job.State.RUNNING: "blue",
}  # fmt: skip


def register_label(batch: ImportBatch) -> str:
    workbook = WORKBOOKS.get(batch.workbook)
    return workbook.label if workbook else batch.workbook


def tone_of(obj: Any) -> str:
    return TONES.get(obj.state, "grey")


class ImportBatchTable(Table):
    file_name = Column("文件", "file_name", link=True, order_by="file_name")
    workbook = Column("登记册", value=register_label, order_by="workbook")
    state = Column("状态", "state", tone=tone_of, order_by="state")
    new = Column("新增", value=lambda batch: batch.counts.get("new"), numeric=True)
    changed = Column("更新", value=lambda batch: batch.counts.get("changed"), numeric=True)
    by = Column("导入人", "by.name", order_by="by__name")
    at = Column("上传时间", "at", order_by="at")

    class Meta:
        model = ImportBatch
        fields = ["file_name", "workbook", "state", "new", "changed", "by", "at"]


class JobTable(Table):
    title = Column("内容", "title", link=True)
    kind = Column("类别", "kind", order_by="kind")
    state = Column("状态", "state", tone=tone_of, order_by="state")
    words = Column("说明", "words")
    at = Column("发起时间", "at", order_by="at")

    class Meta:
        model = Job
        fields = ["title", "kind", "state", "words", "at"]
