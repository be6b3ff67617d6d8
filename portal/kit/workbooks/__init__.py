"""Workbooks in and out. The engines (XlsxWriter, openpyxl) are imported in this package alone."""
