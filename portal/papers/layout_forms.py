"""What is asked of a form layout."""

from typing import Any

from django import forms

from organizations.models import Area, Level
from portal.kit.forms import ModelForm
from portal.papers.models import FormLayout


class FormLayoutForm(ModelForm):
    file = forms.FileField(
        label="文件", help_text="Excel（xlsx）或 Word（docx），在要填的地方写占位符，例如 {{组织名称}}",
        widget=forms.ClearableFileInput({"accept": ".xlsx,.docx"}),
    )  # fmt: skip

    class Meta:
        model = FormLayout
        fields = ["area", "name", "subject"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        counties = Area.objects.permitted(self.user).existing().filter(level=Level.COUNTY)
        self.fields["area"].queryset = counties
        self.fields["area"].initial = counties.first()
        if self.instance.pk:
            self.fields["file"].required = False
            self.fields["file"].help_text += f"；不选则仍用 {self.instance.file_name}"
