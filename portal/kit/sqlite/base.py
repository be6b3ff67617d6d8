"""SQLite with the number of variables that it really takes, as Django 6 reads it; 5.2 still assumes 999.

Pasting 1,200 cells would take some 45 statements with 999 variables each, against 3.
"""

from django.db.backends.sqlite3 import base, features


class DatabaseFeatures(features.DatabaseFeatures):
    max_query_params = 32_766  # SQLite's own default since 3.32 (2020)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
