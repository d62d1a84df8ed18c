"""The Data page: a dirty load, a clean one, a log without dates, an older snapshot, a damaged one, no snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from analysis.intake_export import export_to_mend, list_mend_files
from analysis.jobs import load
from analysis.store import open_source
from data.snapshots import Store
from tests.unit.dirty_store import WAITING, build_dirty
from tests.unit.stores import publish_random

MAIN = str(Path(__file__).parents[2] / "pages" / "_main.py")
SECTIONS = ("loaded", "rejected", "waiting", "corrected", "columns", "snapshots")


def run(section: str = "", **query: str) -> AppTest:
    at = AppTest.from_file(MAIN, default_timeout=60).run()
    at.switch_page("page_data.py")
    for name, value in {**query, **({"section": section} if section else {})}.items():
        at.query_params[name] = value
    return at.run()


def words(at: AppTest) -> str:
    elements = (*at.markdown, *at.info, *at.warning, *at.error, *at.success, *at.code)
    return "\n".join(str(e.value).replace("\\", "").replace("\u00a0", " ") for e in elements)


def go_to(at: AppTest, section: str) -> AppTest:
    at.segmented_control(key="data_section").set_value(section)
    return at.run()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    place = tmp_path_factory.mktemp("dirty")
    build_dirty(place)
    return place


@pytest.fixture
def use_store(monkeypatch):
    return lambda root: monkeypatch.setenv("EXECUTION_DEBT_STORE", str(root))


@pytest.fixture
def dirty(built, use_store):
    use_store(built / "store")
    return built


def test_what_was_loaded(dirty):
    at = run()
    assert not at.exception and not at.error
    assert "Of 3,311 records read, 3,231 came in" in words(at)
    assert "decisions: 3,000 read = 2,940 accepted + 0 waiting + 0 out of scope + 60 quarantined" in words(at)
    assert "mapping.toml in" in words(at) and "the whole load, whatever the filters say" in words(at)
    sources, files = (element.value for element in at.dataframe)
    assert list(sources["Quarantined"]) == [60, 0, 1] and set(files["Encoding"]) == {"utf-8"}
    law = next(e.proto.body for e in at.get("html") if "ed-law" in e.proto.body and "records read" in e.proto.body)
    assert "3,311" in law and "quarantined" in law


def test_every_section_stands_and_the_url_follows(dirty):
    at = run()
    for section in (*SECTIONS[1:], SECTIONS[0]):
        at = go_to(at, section)
        assert not at.exception and not at.error, section
        assert "".join(at.query_params.get("section", SECTIONS[0])) == section
    assert run("no such section").segmented_control(key="data_section").value == "loaded"


def test_rejected_records_are_narrowed_and_counted(dirty):
    at = run("rejected")
    assert "61 records are in quarantine" in words(at) and "Records 1-50 of 61." in words(at)
    causes, listed = (element.value for element in at.dataframe)
    assert causes["Records"].sum() == 61 and len(listed) == 50
    at.button[[b.label for b in at.button].index("Next page")].click()
    at = at.run()
    assert "Records 51-61 of 61." in words(at) and len(at.dataframe[1].value) == 11
    at.selectbox(key="data_column").select("score")
    at = at.run()
    assert "Records 1-6 of 6 (of 61 in all)." in words(at)
    assert set(at.dataframe[1].value["Column"]) == {"score"}
    at.text_input(key="data_reason").set_value("1.7").run()
    assert "".join(at.query_params["reason"]) == "1.7" and "Records 1-2 of 2" in words(at)
    at.text_input(key="data_reason").set_value("nothing says <b>this</b>").run()
    assert "No record matches all of this" in words(at)
    at.button[[b.label for b in at.button].index("Show all records")].click()
    at = at.run()
    assert "Records 1-50 of 61." in words(at) and not at.text_input(key="data_reason").value


def test_one_record_shows_its_text_harmlessly(dirty):
    source = open_source("credit")
    number = source.rows("select record_id from quarantine where source = 'repayments'")[0][0]
    at = run("rejected", record=str(number))
    assert not at.exception and not at.error
    shown = at.code[0].value
    assert "\\u202e" in shown and "\u202e" not in shown and "<b>bold</b>" in shown
    assert "The first 10,000 of 1" in words(at) and "Every reason" in words(at)
    assert "`timestamp_format`" in words(at) and "map this value in the mapping" in words(at)
    assert not [m.value for m in at.markdown if "<i>" in m.value.replace("\\<", "")]
    at.button(key="data-close").click()
    at = at.run()
    assert "record" not in at.query_params and not at.code
    assert "There is no record 999999 here now" in words(run("rejected", record="999999"))
    assert not run("rejected", record="x; drop", page="-3", source="<script>", column="' or 1").exception


def test_waiting_and_out_of_scope(dirty):
    at = run("waiting")
    assert "3 decisions are kept and in no reading: 2 pending, 1 withdrawn." in words(at)
    waiting = at.dataframe[1].value
    assert f"case_id: no decision on case 'X-{WAITING - 1}' has come" in set(waiting["Reasons"])
    assert not [b for b in at.get("download_button") if "mend" in b.proto.label]


def test_both_kinds_of_download_are_offered_with_a_word_on_formulas(dirty):
    at = run("rejected")
    labels = [b.proto.label for b in at.get("download_button")]
    assert labels == [
        "List with reasons as CSV", "To mend: decisions.mend.csv (60)", "To mend: repayments.mend.csv (1)",
    ]  # fmt: skip
    assert "formulas in it stay as they are" in words(at)


def test_a_corrected_file_is_checked(dirty):
    source = open_source("credit")
    file = next(file for file in list_mend_files(source) if file.source == "decisions")
    at = run("corrected")
    assert at.button(key="data-start").disabled
    content = export_to_mend(source, file).replace(b",1.7,", b",0.7,")
    at.file_uploader(key="data_files").upload("decisions.mend.csv", content, "text/csv")
    at = at.run()
    at.button(key="data-start").click()
    at = at.run()
    assert at.button(key="data-cancel")
    check = at.session_state[f"data-check-credit-{source.snapshot}"]
    assert check.wait(120)
    at = at.run()
    assert not at.exception and not at.error
    assert "60 records read: " in words(at) and "60 quarantined records of decisions would be settled" in words(at)
    assert "--append --mended decisions decisions.mend.csv" in words(at)
    assert Store(dirty / "store").current().id == source.snapshot


def test_a_file_of_another_kind_is_refused_in_words(dirty):
    at = run("corrected")
    at.file_uploader(key="data_files").upload("report.pdf", b"%PDF-1.7", "application/pdf")
    at = at.run()
    at.button(key="data-start").click()
    at = at.run()
    assert "report.pdf is a PDF" in words(at)


def test_columns_say_what_they_would_bring(dirty):
    at = run("columns")
    assert "columns of the contract are mapped" in words(at)
    at.selectbox(key="data_how").select("shown_at")
    at = at.run()
    assert "Decided before shown would be shown with it" in words(at)
    assert '"<your column>" = "shown_at"' in words(at)


def test_snapshots_are_listed_and_verified(built, tmp_path, use_store):
    store = Store(tmp_path)
    first, second = (publish_random(tmp_path, decisions=60) for _ in range(2))
    (store.folder(first.id) / "manifest.json").write_text("{}", encoding="utf-8")
    use_store(tmp_path)
    at = run("snapshots")
    assert not at.exception and not at.error
    assert f"Snapshot {first.id} is damaged" in words(at)
    assert list(at.dataframe[0].value["Snapshot"]) == [second.id, first.id]
    assert f"python -m analysis.jobs.snapshots use {second.id}" in words(at)
    assert second.parts["credit"].sha256 in words(at)
    at.button(key="data-verify").click()
    at = at.run()
    assert f"Snapshot {second.id}: All 2 files are as published" in words(at)


def test_a_load_without_rejections_and_without_dates(tmp_path, use_store):
    use_store(tmp_path / "store")
    (tmp_path / "mapping.toml").write_text(
        'use_case = "readers"\n[[source]]\ntable = "decisions"\nfiles = ["a.csv"]\n[source.columns]\ncase = "case_id"\n'
        'cohort = "cohort"\nsaid = "decision"\n[source.constants]\nchannel = "assisted"\n',
        encoding="utf-8",
    )
    (tmp_path / "a.csv").write_text("case,cohort,said\n1,A,accept\n2,B,reject\n", encoding="utf-8")
    assert load.main([str(tmp_path / "mapping.toml")]) == 0
    at = run()
    assert "All 2 records read came in; nothing was rejected and nothing waits." in words(at)
    assert "as of no dates" in words(at)
    for section, said in (("rejected", "Nothing was rejected"), ("waiting", "No record waits for its decision"),
                          ("corrected", "nothing is published"), ("snapshots", "1 snapshot.")):  # fmt: skip
        at = go_to(at, section)
        assert not at.exception and not at.error, section
        assert said in words(at)


def test_a_snapshot_whose_tables_no_load_wrote(tmp_path, use_store):
    publish_random(tmp_path, decisions=60)
    use_store(tmp_path)
    at = run()
    assert "This snapshot was not written by a load" in words(at) and not at.error
    for section in SECTIONS[1:]:
        at = go_to(at, section)
        assert not at.exception, section
        assert bool(at.error) == (section == "corrected")
        if section == "corrected":
            assert "This snapshot keeps no mapping" in words(at)


def test_no_snapshot_yet(tmp_path, use_store):
    use_store(tmp_path)
    at = run()
    assert not at.exception and "There are no data yet" in words(at)
