from __future__ import annotations

import datetime as dt
import gzip
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core.exceptions import BadRequest, Conflict, GoogleAPICallError, NotFound
from google.cloud import bigquery

Query = Callable[..., list[dict[str, Any]]]
Load = Callable[..., bigquery.LoadJob]
Field = bigquery.SchemaField
SCHEMA = [Field("id", "INT64", "REQUIRED"), Field("name", "STRING"), Field("amount", "NUMERIC")]
JSON_LINES = {"source_format": "NEWLINE_DELIMITED_JSON"}
BY_DAY = bigquery.TimePartitioning(type_="DAY", field="day")
DAYS = [Field("day", "DATE"), Field("n", "INT64")]


def ids(run: Query, table: str = "t") -> list[int]:
    return [row["id"] for row in run(f"SELECT id FROM {table} ORDER BY id")]


def test_csv_in_all_its_dresses(run: Query, load: Load) -> None:
    schema = [*SCHEMA, Field("at", "TIMESTAMP"), Field("ok", "BOOL"), Field("raw", "BYTES")]
    job = load(
        "t",
        'id;name;amount;at;ok;raw\n1;"a;""b""\nc";1.5;2026-01-02 03:04:05 UTC;true;AP8=\n'
        "2;;NIL;2026-01-02T03:04:05.5+02:00;false;\n3\n",
        schema=schema,
        skip_leading_rows=1,
        field_delimiter=";",
        null_marker="NIL",
        allow_quoted_newlines=True,
        allow_jagged_rows=True,
    )
    assert job.output_rows == 3
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    assert run("SELECT * FROM t ORDER BY id") == [
        {"id": 1, "name": 'a;"b"\nc', "amount": Decimal("1.5"), "at": at, "ok": True,
         "raw": b"\x00\xff"},
        {"id": 2, "name": "", "amount": None, "ok": False, "raw": b"",
         "at": dt.datetime(2026, 1, 2, 1, 4, 5, 500000, dt.UTC)},
        {"id": 3, "name": None, "amount": None, "at": None, "ok": None, "raw": None},
    ]  # fmt: skip


def test_json_lines_with_records_and_arrays(run: Query, load: Load) -> None:
    inner = [Field("k", "STRING"), Field("v", "NUMERIC")]
    schema = [
        Field("id", "INT64"),
        Field("tags", "STRING", "REPEATED"),
        Field("items", "RECORD", "REPEATED", fields=inner),
        Field("meta", "STRING"),
        Field("doc", "JSON"),
    ]
    rows = [
        {"id": "1", "tags": ["a"], "items": [{"k": "x", "v": "1.5"}], "meta": '{"a": 1}',
         "doc": {"a": [1]}},
        {"id": 2, "meta": None},
    ]  # fmt: skip
    load("t", rows, schema=schema)
    assert run("SELECT * FROM t ORDER BY id") == [
        {"id": 1, "tags": ["a"], "items": [{"k": "x", "v": Decimal("1.5")}], "meta": '{"a": 1}',
         "doc": {"a": [1]}},
        {"id": 2, "tags": [], "items": [], "meta": None, "doc": None},
    ]  # fmt: skip


def test_parquet_types_its_table_itself(run: Query, load: Load, client: bigquery.Client) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, dt.UTC)
    table = pa.table(
        {
            "id": pa.array([1, None], pa.int64()),
            "amount": pa.array([Decimal("1.25"), None], pa.decimal128(12, 2)),
            "at": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "day": pa.array([moment.date(), None], pa.date32()),
            "tags": pa.array([["a", "b"], None], pa.list_(pa.string())),
        }
    )
    file = io.BytesIO()
    pq.write_table(table, file)
    job = load("t", file.getvalue(), source_format="PARQUET", decimal_target_types=["NUMERIC"])
    assert run("SELECT * FROM t WHERE id = 1") == [
        {"id": 1, "amount": Decimal("1.25"), "at": moment, "day": moment.date(), "tags": ["a", "b"]}
    ]
    kinds = [field.field_type for field in client.get_table(job.destination).schema]
    assert kinds == ["INTEGER", "NUMERIC", "TIMESTAMP", "DATE", "STRING"]


def test_gzip_and_schema_detection(run: Query, load: Load, client: bigquery.Client) -> None:
    job = load("t", gzip.compress(b"id,price,day\n1,2.5,2026-01-02\n", mtime=0), autodetect=True)
    assert run("SELECT * FROM t") == [{"id": 1, "price": 2.5, "day": dt.date(2026, 1, 2)}]
    names = [(f.name, f.field_type) for f in client.get_table(job.destination).schema]
    assert names == [("id", "INTEGER"), ("price", "FLOAT"), ("day", "DATE")]
    load("j", [{"id": 1, "flag": True, "tags": [1, 2]}], autodetect=True)
    assert run("SELECT * FROM j") == [{"id": 1, "flag": True, "tags": [1, 2]}]


def test_the_four_write_dispositions(run: Query, load: Load, client: bigquery.Client) -> None:
    load("t", "1,a,1\n", schema=SCHEMA)
    load("t", "2,b,2\n", schema=SCHEMA, write_disposition="WRITE_APPEND")
    with pytest.raises(Conflict, match="Already Exists"):
        load("t", "3,c,3\n", schema=SCHEMA, write_disposition="WRITE_EMPTY")
    assert ids(run) == [1, 2]
    load("t", "4,d,4\n", write_disposition="WRITE_TRUNCATE_DATA")
    assert ids(run) == [4]
    job = load("t", "5\n", schema=[Field("id", "STRING")], write_disposition="WRITE_TRUNCATE")
    assert [f.field_type for f in client.get_table(job.destination).schema] == ["STRING"]
    assert run("SELECT * FROM t") == [{"id": "5"}]


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ("1,a,1\nx,b,2\n", {}, "Could not parse 'x' as INT64 for field id"),
        ("1,a,1\n,b,2\n", {}, "Required field id cannot be null"),
        ("1,a,1.0000000001\n", {}, "NUMERIC"),
        ("1,a,1\n2,b\n", {}, "contains only 2 columns.; line_number: 2 expected_columns: 3"),
        ("1,a,1\n2,b,2,x,y\n", {}, r"at least 4 column\(s\) while expected 3.; line_number: 2"),
        ('1,"a\nb",1\n', {}, "allowQuotedNewlines is not set: field name"),
        ('1,"a,1\n', {}, "Missing close quote character.*line_number: 1"),
        (b"1,a,1\n2,\xff,1\n", {}, "not UTF-8; line_number: 2"),
        ("99999999999999999999,a,1\n", {}, "INT64"),
        ([{"id": 1}, {"id": 1, "nope": 2}], {}, "Rows: 2; errors: 1. No such field: nope"),
        ([{"id": 1, "name": {"a": 1}}], {}, "non-record field: name"),
        ([{"id": 1.5}], {}, "INT64"),
        ('{"id": 1}\n\n{"id": 1,\n{"id": 2}\n', JSON_LINES, "JSON parsing error.*line_number: 3"),
        (
            gzip.compress(b'{"id": 1}\n[1]\n', mtime=0),
            JSON_LINES,
            "JSON parsing error.*line_number: 2",
        ),
    ],
)
def test_one_bad_row_refuses_the_whole_load(
    run: Query, load: Load, data: Any, options: dict[str, Any], message: str
) -> None:
    load("t", "7,kept,7\n", schema=SCHEMA)
    with pytest.raises(BadRequest, match=message) as caught:
        load("t", data, schema=SCHEMA, **options)
    assert caught.value.errors[0]["reason"] == "invalid"
    assert ids(run) == [7]


def test_parquet_records_nulls_and_unsigned_integers(run: Query, load: Load) -> None:
    def packed(**columns: Any) -> bytes:
        file = io.BytesIO()
        pq.write_table(pa.table(columns), file)
        return file.getvalue()

    moment = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    inner = {"Key": "x", "at": moment, "l": [1]}
    records = pa.array([inner], pa.struct(
        {"Key": pa.string(), "at": pa.timestamp("us", "UTC"), "l": pa.list_(pa.int64())}.items()
    ))  # fmt: skip
    row = {"s": inner, "r": [{"a": 1}], "u": 2**63 - 1, "z": None}
    data = packed(s=records, r=[[{"a": 1}]], u=pa.array([2**63 - 1], pa.uint64()), z=pa.nulls(1))
    load("t", data, source_format="PARQUET")
    assert run("SELECT * FROM t") == [row]
    load("z", packed(name=pa.nulls(1)), source_format="PARQUET", schema=[Field("name", "STRING")])
    assert run("SELECT name FROM z") == [{"name": None}]
    with pytest.raises(BadRequest, match="out of range"):
        load("u", packed(u=pa.array([2**63], pa.uint64())), source_format="PARQUET")


@pytest.mark.parametrize("cut", [0, 9, 150])
def test_a_broken_parquet_file_is_refused_without_its_place_here(load: Load, cut: int) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": list(range(1000))}), file)
    whole = file.getvalue()
    broken = whole[:cut] + b"\xff" * 100 + whole[cut + 100 :] if cut > 9 else whole[:cut]
    with pytest.raises(BadRequest, match=r"Error while reading data.*the file") as caught:
        load("t", broken, source_format="PARQUET")
    assert "/" not in caught.value.errors[0]["message"]


def test_bad_records_may_be_allowed(run: Query, load: Load) -> None:
    data = "1,a,1\nx,b,2\n2,c,3,4,5\n3,d,4\n"
    with pytest.raises(BadRequest, match=r"too many errors.*line_number: 3"):
        load("t", data, schema=SCHEMA, max_bad_records=1)
    assert load("t", data, schema=SCHEMA, max_bad_records=2).output_rows == 2
    assert ids(run) == [1, 3]
    lines = '{"id": 4}\n{"id":\n'
    load("j", lines, schema=SCHEMA, max_bad_records=1, **JSON_LINES)
    assert ids(run, "j") == [4]


def test_unknown_json_fields_may_be_ignored(run: Query, load: Load) -> None:
    load("t", [{"id": 1, "nope": 2}], schema=SCHEMA, ignore_unknown_values=True)
    assert ids(run) == [1]


def test_a_new_column_needs_leave(run: Query, load: Load) -> None:
    load("t", "1,a,1\n", schema=SCHEMA)
    wider = [*SCHEMA, Field("extra", "INT64")]
    with pytest.raises(BadRequest, match="Cannot add fields"):
        load("t", "2,b,2,9\n", schema=wider)
    load("t", "2,b,2,9\n", schema=wider, schema_update_options=["ALLOW_FIELD_ADDITION"])
    assert run("SELECT id, extra FROM t ORDER BY id") == [
        {"id": 1, "extra": None},
        {"id": 2, "extra": 9},
    ]


@pytest.mark.parametrize(
    "schema",
    [
        [Field("id", "STRING", "REQUIRED"), *SCHEMA[1:]],
        [Field("id", "INT64"), *SCHEMA[1:]],
        SCHEMA[1:],
    ],
)
def test_a_schema_that_is_not_the_tables_is_refused(load: Load, schema: list[Field]) -> None:
    load("t", "1,a,1\n", schema=SCHEMA)
    with pytest.raises(BadRequest, match="Provided Schema does not match Table"):
        load("t", "2,b,2\n", schema=schema)


def test_where_there_is_nothing_to_load_into(load: Load, client: bigquery.Client) -> None:
    with pytest.raises(NotFound, match="Not found: Table"):
        load("t", "1,a,1\n", schema=SCHEMA, create_disposition="CREATE_NEVER")
    with pytest.raises(NotFound, match="Not found: Dataset"):
        client.load_table_from_file(
            io.BytesIO(b"1"), "nowhere.t", job_config=bigquery.LoadJobConfig(schema=SCHEMA)
        ).result()
    with pytest.raises(BadRequest, match="No schema specified"):
        load("t", "1,a,1\n")
    with pytest.raises(GoogleAPICallError) as caught:
        client.load_table_from_uri("gs://b/x", "nowhere.t").result()
    assert caught.value.code == 501


def test_a_decorator_replaces_one_partition(run: Query, load: Load) -> None:
    load("t", "2026-01-01,1\n2026-01-02,2\n", schema=DAYS, time_partitioning=BY_DAY)
    one = {"schema": DAYS, "write_disposition": "WRITE_TRUNCATE"}
    load("t$20260102", "2026-01-02,20\n", **one)
    assert [row["n"] for row in run("SELECT n FROM t ORDER BY n")] == [1, 20]
    with pytest.raises(BadRequest, match="different partitions"):
        load("t$20260102", "2026-01-02,21\n2026-01-03,3\n", **one)
    load("t$20260102", "", **one)
    assert [row["n"] for row in run("SELECT n FROM t ORDER BY n")] == [1]


def test_a_query_writes_to_a_destination(run: Query, load: Load, dataset: str) -> None:
    load("t", "2026-01-01,1\n2026-01-02,2\n", schema=DAYS, time_partitioning=BY_DAY)
    run(
        "SELECT day, n * 10 AS n FROM t WHERE day = '2026-01-02'",
        destination=f"tally-test.{dataset}.t$20260102",
        write_disposition="WRITE_TRUNCATE",
    )
    assert [row["n"] for row in run("SELECT n FROM t ORDER BY n")] == [1, 20]
    with pytest.raises(BadRequest, match="different partitions"):
        run(
            "SELECT DATE '2026-02-01' AS day, 1 AS n",
            destination=f"tally-test.{dataset}.t$20260102",
            write_disposition="WRITE_APPEND",
        )


def test_a_resumable_upload_of_unknown_size(
    run: Query, client: bigquery.Client, dataset: str
) -> None:
    body = "".join(f"{n},x,1\n" for n in range(200_000)).encode()
    client.load_table_from_file(
        io.BytesIO(body), f"{dataset}.t", job_config=bigquery.LoadJobConfig(schema=SCHEMA)
    ).result()
    assert run("SELECT COUNT(DISTINCT id) AS n FROM t") == [{"n": 200_000}]


def test_a_hundred_thousand_rows_page_exactly_once(
    load: Load, client: bigquery.Client, dataset: str
) -> None:
    load("t", "".join(f"{n},name {n},{n}.25\n" for n in range(100_000)), schema=SCHEMA)
    pages = client.list_rows(f"tally-test.{dataset}.t", page_size=30_000).pages
    listed = [row["id"] for page in pages for row in page]
    assert sorted(listed) == list(range(100_000))
    queried = [
        row["id"]
        for row in client.query(f"SELECT * FROM {dataset}.t ORDER BY id DESC").result(
            page_size=40_000
        )
    ]
    assert queried == list(range(99_999, -1, -1))
