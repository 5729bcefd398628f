"""Records: a data set in a few large files with an index, for sets too large to read as a folder each time.

A folder of records holds TFRecord shards, which any TensorFlow program reads, and an index that says where in them each
example's picture or text lies. So a run opens a million of them in seconds, and reads them in any order.

    from ftsuite.data.records import open_records

    records = open_records("birds-records")
    records.contents(17)       # the encoded picture, or the UTF-8 text, of row 17
"""

from __future__ import annotations

from ftsuite.data.records.layout import is_records_folder
from ftsuite.data.records.reader import Records, open_records

__all__ = ["Records", "is_records_folder", "open_records"]
