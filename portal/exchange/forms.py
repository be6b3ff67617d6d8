"""What the import asks."""

from typing import Any

from django import forms

from portal.kit.forms import KeyedForm


class UploadForm(KeyedForm):
    file = forms.FileField(
        label="文件", help_text="Excel 或 WPS 表格（xlsx、xls）或 csv，不超过 10 MB；表头上面有标题、中间有空行、有合并单元格都可以",
        widget=forms.ClearableFileInput({"accept": ".xlsx,.xls,.csv"}),
    )  # fmt: skip

    def __init__(self, *args: Any, choices: dict[str, Any] | None = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name, queryset in (choices or {}).items():
            label = str(queryset.model._meta.verbose_name)
            self.fields[name] = forms.ModelChoiceField(queryset, label=label, initial=queryset.first())
        self.order_fields([*(choices or {}), "file"])
