"""Records beside others: waiting, duplicates, upserts, out of scope, and what an append carries over."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data.load import LoadReport, load_into, read_mapping, write_quarantine

MAPPING = """
use_case = "credit"
[[source]]
table = "decisions"
files = ["decisions*.csv"]
[source.columns]
case = "case_id"
no = "decision_no"
at = "decided_at"
what = "disposition"
decision = "decision"
sex = "group_sex"
[source.constants]
channel = "assisted"
[[source]]
table = "features"
files = ["features.parquet"]
[source.columns]
case = "case_id"
"*" = "*"
[[source]]
table = "outcomes"
files = ["outcomes.csv"]
[source.columns]
case = "case_id"
at = "observed_at"
bad = "bad"
value = "value"
"""
DECISIONS = "case,no,at,what,decision,sex\n"
OUTCOMES = "case,at,bad,value\n"


class Bank:
    """A folder with a mapping; each load makes a new database from the last."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.last, self.count = folder, None, 0  # type: ignore[var-annotated]
        (folder / "m.toml").write_text(MAPPING)
        self.write(decisions="", outcomes="")
        self.write_features("SELECT 'A' AS \"case\", 1.5 AS income, 'x' AS job, true AS owner")

    def write(self, **tables: str) -> None:
        heads = {"decisions": DECISIONS, "outcomes": OUTCOMES}
        for name, rows in tables.items():
            (self.folder / f"{name}.csv").write_text(heads[name] + rows)

    def write_features(self, select: str) -> None:
        duckdb.connect().execute(f"COPY ({select}) TO '{(self.folder / 'features.parquet').as_posix()}'")

    def load(self, mode: str = "append") -> LoadReport:
        self.count += 1
        path = self.folder / f"{self.count}.duckdb"
        with duckdb.connect(str(path)) as con:
            report = load_into(con, read_mapping(self.folder / "m.toml"), previous=self.last, mode=mode)  # type: ignore[arg-type]
        assert sorted(p.name for p in self.folder.glob("staging-*")) == []
        self.last = path
        return report

    def rows(self, query: str) -> list[tuple[object, ...]]:
        assert self.last
        with duckdb.connect(str(self.last), read_only=True) as con:
            return con.execute(query).fetchall()


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    return Bank(tmp_path)


def counts(report: LoadReport) -> dict[str, tuple[int, ...]]:
    return {
        s.table: (s.read, s.accepted, s.waiting, s.out_of_scope, s.quarantined, s.added, s.changed)
        for s in report.sources
    }


def test_what_waits_comes_in_with_its_decision(bank: Bank) -> None:
    bank.write(outcomes="A,2024-06-01,yes,-12.34\nB,2024-06-01,no,\n")
    first = bank.load()
    assert counts(first)["outcomes"] == (2, 0, 2, 0, 0, 0, 0)
    assert bank.rows("SELECT table_name, line, case_id, raw FROM waiting ORDER BY ALL") == [
        ("features", 1, "A", '{"case":"A","income":"1.5","job":"x","owner":"true"}'),
        ("outcomes", 2, "A", "A,2024-06-01,yes,-12.34"),
        ("outcomes", 3, "B", "B,2024-06-01,no,"),
    ]
    bank.write(decisions="A,,2024-05-01 10:00,booked,accept,f\n", outcomes="")
    bank.write_features("SELECT 'A' AS \"case\", 2.5 AS income, 'y' AS job, false AS owner WHERE false")
    second = bank.load()
    assert second.released == {"decisions": 0, "features": 1, "outcomes": 1}
    assert second.still_waiting == 1 and second.conserves()
    assert bank.rows("SELECT case_id, bad, value FROM outcomes") == [("A", True, -1234)]
    assert bank.rows("SELECT case_id, decision_no, income, job, owner FROM features") == [("A", 1, 1.5, "x", 1.0)]
    assert bank.rows("SELECT case_id FROM waiting") == [("B",)]


def test_a_waiting_outcome_is_checked_when_its_decision_comes(bank: Bank) -> None:
    bank.write(outcomes="A,2024-01-01,yes,\n")
    bank.load()
    bank.write(decisions="A,,2024-05-01,booked,accept,f\n", outcomes="")
    report = bank.load()
    assert report.released["outcomes"] == 0 and report.open_quarantine == 1
    assert bank.rows("SELECT source, file, line, reasons FROM quarantine") == [
        ("outcomes", "outcomes.csv", 2, "observed_at: 2023-12-31 23:00:00 (UTC) is before the decision on case A")
    ]


def test_an_outcome_sent_again_replaces_the_waiting_one(bank: Bank) -> None:
    bank.write(outcomes="A,2024-06-01,yes,\n")
    bank.load()
    bank.write(outcomes="A,2024-06-01,no,\n")
    assert counts(bank.load())["outcomes"] == (1, 0, 1, 0, 0, 0, 0)
    assert bank.rows("SELECT raw FROM waiting WHERE table_name = 'outcomes'") == [("A,2024-06-01,no,",)]


def test_append_upserts_by_key_and_counts_changes(bank: Bank) -> None:
    bank.write(decisions="A,,2024-05-01,booked,accept,f\nA,2,2024-05-02,booked,reject,f\nB,,,pending,,m\n")
    assert counts(bank.load())["decisions"] == (3, 2, 0, 1, 0, 3, 0)
    bank.write(decisions="B,1,2024-05-03,booked,accept,m\nC,,2024-05-04,,reject,\n")
    assert counts(bank.load())["decisions"] == (2, 2, 0, 0, 0, 1, 1)
    assert bank.rows("SELECT case_id, decision_no, decision, group_sex FROM decisions ORDER BY ALL") == [
        ("A", 1, "accept", "f"), ("A", 2, "reject", "f"), ("B", 1, "accept", "m"), ("C", 1, "reject", None),
    ]  # fmt: skip
    bank.load("replace")
    assert bank.rows("SELECT count(*) FROM decisions") == [(2,)]


def test_duplicates_name_the_first_and_a_broken_first_is_none(bank: Bank) -> None:
    bank.write(decisions="A,,soon,,accept,f\nA,,2024-05-01,,accept,f\nA,1,2024-05-01,,accept,f\n")
    (bank.folder / "decisions2.csv").write_text(DECISIONS + "A,1.0,2024-05-09,,reject,f\n")
    bank.load()
    reason = "a duplicate: case_id 'A', decision_no '1' came first in line 3 of decisions.csv"
    found = bank.rows("SELECT file, line, reasons FROM quarantine ORDER BY record_id")
    assert found[1:] == [("decisions.csv", 4, reason), ("decisions2.csv", 2, reason)]
    assert bank.rows("SELECT decision FROM decisions") == [("accept",)]


def test_pending_cases_need_no_decision_but_others_do(bank: Bank) -> None:
    bank.write(decisions="A,,,withdrawn,,f\nB,,,booked,,f\n")
    assert counts(bank.load())["decisions"][:5] == (2, 0, 0, 1, 1)
    assert bank.rows("SELECT columns, reasons FROM quarantine") == [
        ("decided_at, decision", "decided_at: is empty and required; decision: is empty and required")
    ]


def test_earlier_quarantine_stays_until_it_is_settled(bank: Bank) -> None:
    bank.write(decisions="A,,soon,,accept,f\nB,,soon,,accept,f\n")
    bank.load()
    (bank.folder / "decisions.csv").rename(bank.folder / "decisions_old.txt")
    (bank.folder / "decisions_new.csv").write_text(DECISIONS + "A,,2024-05-01,,accept,f\n")
    report = bank.load()
    assert counts(report)["decisions"] == (1, 1, 0, 0, 0, 1, 0)
    assert bank.rows("SELECT file, raw, key_values FROM quarantine") == [
        ("decisions.csv", "B,,soon,,accept,f", "B | 1")
    ]


def test_features_widen_and_change_to_text_where_they_must(bank: Bank) -> None:
    bank.write(decisions="A,,2024-05-01,,accept,f\nB,,2024-05-01,,accept,f\n")
    bank.load()
    bank.write_features("SELECT 'B' AS \"case\", 'n/a' AS income, 3 AS age")
    bank.load()
    assert bank.rows("SELECT case_id, income, age FROM features ORDER BY 1") == [("A", "1.5", None), ("B", "n/a", 3.0)]
    assert ("features", "age") in bank.rows("FROM mapped_columns")
    assert ("features", "income") in bank.rows("FROM mapped_columns")


def test_parquet_records_are_mended_as_csv(bank: Bank) -> None:
    bank.write(decisions="A,,2024-05-01,,accept,f\n")
    bank.write_features("SELECT * FROM (VALUES ('A', 1.5), (NULL, 2.5)) t(\"case\", income)")
    bank.load()
    assert bank.last
    (to_mend,) = write_quarantine(bank.last, bank.folder / "mend")
    assert to_mend.read_text() == "case,income\n,2.5\n"
    to_mend.write_text("case,income\nA,3.5\n")
    with duckdb.connect() as con:
        mapping = read_mapping(bank.folder / "m.toml").with_files("features", [to_mend])
        report = load_into(con, mapping, previous=bank.last, mode="append")
        assert con.execute("SELECT case_id, income FROM features").fetchall() == [("A", 3.5)]
    assert counts(report) == {"features": (1, 1, 0, 0, 0, 0, 1)} and report.open_quarantine == 0


def test_every_table_of_the_contract_is_there_even_when_empty(bank: Bank) -> None:
    bank.load()
    tables = {row[0] for row in bank.rows("SELECT table_name FROM duckdb_tables()")}
    assert {
        "decisions",
        "trust_survey",
        "mapped_columns",
        "quarantine",
        "waiting",
        "load_report",
        "load_files",
    } <= tables
    assert bank.rows("SELECT source, read FROM load_report ORDER BY ALL") == [
        ("decisions", 0),
        ("features", 1),
        ("outcomes", 0),
    ]


def test_model_files_stay_in_their_folder(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(
        'use_case = "credit"\n[[source]]\ntable = "model_versions"\nfiles = ["v.csv"]\n[source.columns]\n'
        'v = "model_version"\nat = "deployed_at"\nend = "retired_at"\nfile = "artifact"\n'
    )
    rows = ["1,2024-01-01,,a/b.ubj", "2,2024-01-01,,../b.ubj", "3,2024-01-01,,/b.json", "4,2024-01-01,,C:\\b.ubj",
            "5,2024-01-01,,b.pkl", "6,2024-01-02,2024-01-01,b.ubj"]  # fmt: skip
    (tmp_path / "v.csv").write_text("v,at,end,file\n" + "\n".join(rows) + "\n")
    con = duckdb.connect()
    load_into(con, read_mapping(tmp_path / "m.toml"))
    assert con.execute("SELECT model_version FROM model_versions").fetchall() == [("1",)]
    reasons = [r for (r,) in con.execute("SELECT reasons FROM quarantine ORDER BY record_id").fetchall()]
    assert ["inside the folder of models" in r for r in reasons] == [True, True, True, False, False]
    assert "'b.pkl' is not a .ubj or .json file" in reasons[3]
    assert "is before the version went live" in reasons[4]
