"""Many questions at once: texts in batches, pictures on every core, claims tables, record batches.

`verify_many` takes questions and gives one result for each, in their order, whatever is wrong with one of them.
`verify_files` does the same in several processes. `certcore.bulk.arrow` judges Arrow's batches, and
`certcore.bulk.spark` Spark's DataFrames.
"""

from __future__ import annotations

from certcore.bulk._files import verify_files
from certcore.bulk._kernel import verify_many
from certcore.bulk._progress import Progress
from certcore.bulk._questions import BulkQuestion, BulkResult
from certcore.bulk.columns import Columns

__all__ = ["BulkQuestion", "BulkResult", "Columns", "Progress", "verify_files", "verify_many"]
