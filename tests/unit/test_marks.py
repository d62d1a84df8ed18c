"""Marks on a time axis: interventions, model launches, changed definitions, in the local month they belong to."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from analysis.catalog import Change
from analysis.jobs.publish import publish_loaded
from analysis.marks import read_marks
from analysis.store import open_source
from data import schema
from data.engine import connect_work
from data.snapshots import Store
from data.use_case import FOLDER, parse_use_case
from tests.unit.stores import AS_OF, create_contract, fill_random

INTERVENTIONS = """
insert into interventions (name, team, started_at, description) values
    ('Explanations', 'North 1', '2025-03-10', 'Reasons are shown.'),
    ('Explanations', 'South 2', '2025-05-10', 'Reasons are shown.'),
    ('Training', 'North 1', '2025-04-02', null), ('Training', 'South 2', '2025-04-20', null),
    ('Reason codes', null, '2025-02-28 23:00', 'A closed list.'), ('Pilot', 'West 3', '2025-02-28 22:59', null);
insert into model_versions (model_version, deployed_at, owner) values
    ('v1', '2024-01-31 22:30', 'Model Risk'), ('v2', '2025-06-30 22:00', null);
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    root = tmp_path_factory.mktemp("store")
    toml = (FOLDER / "credit.toml").read_text(encoding="utf-8")  # Europe/Berlin
    store = Store(root)
    with store.writing() as work:
        con = connect_work(work / "credit.duckdb")
        create_contract(con, {"decisions": schema.decisions.names})
        fill_random(con, 300, 1)
        con.execute(INTERVENTIONS)
        publish_loaded(
            store,
            con,
            work / "credit.duckdb",
            parse_use_case(toml, "test"),
            AS_OF,
            use_case_toml=toml,
            mapping="test",
            models=None,
            progress=lambda _: None,
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXECUTION_DEBT_STORE", str(root))
        yield open_source("credit")


def test_every_mark_in_order_of_time_with_its_sentence(source):
    marks = read_marks(source, [])
    assert [(m.at, m.name, m.kind) for m in marks] == [
        ("2024-01", "model v1", "launch"),
        ("2025-02", "Pilot", "intervention"),
        ("2025-03", "Explanations", "intervention"),
        ("2025-03", "Reason codes", "intervention"),
        ("2025-04", "Training", "intervention"),
        ("2025-07", "model v2", "launch"),
    ]
    sentences = {m.name: m.sentence for m in marks}
    assert sentences == {
        "model v1": "Model v1 went live in Jan 2024, owned by Model Risk.",
        "Pilot": "Pilot: began in Feb 2025 in 1 team.",
        "Explanations": "Explanations: rolled out to 2 teams from Mar 2025 to May 2025. Reasons are shown.",
        "Reason codes": "Reason codes: began in Mar 2025. A closed list.",
        "Training": "Training: began in Apr 2025 in 2 teams.",
        "model v2": "Model v2 went live in Jul 2025.",
    }


def test_a_mark_stands_in_the_period_of_a_decision_made_at_the_same_moment(source):
    """Both are local: the first minute of March in Berlin is still February in UTC."""
    at = {m.name: m.at for m in read_marks(source, [])}
    zone = source.use_case.time_zone
    for name, moment in (
        ("Pilot", "2025-02-28 22:59"),
        ("Reason codes", "2025-02-28 23:00"),
        ("model v2", "2025-06-30 22:00"),
    ):
        local = source.rows(f"select strftime(timezone('{zone}', timezone('UTC', timestamp '{moment}')), '%Y-%m')")[0][
            0
        ]
        assert at[name] == local


def test_a_changed_definition_is_a_mark_and_the_first_one_is_none(source):
    card = replace(
        source.catalog["override_rate"],
        changed=(
            Change(dt.date(2025, 1, 1), "First."),
            Change(dt.date(2025, 8, 3), "Late cases left out."),
            Change(dt.date(2031, 1, 1), "After the data."),
        ),
    )
    found = [m for m in read_marks(source, [card, source.catalog["adoption"]]) if m.kind == "definition"]
    assert [(m.at, m.name, m.sentence) for m in found] == [
        (
            "2025-08",
            "Override rate redefined",
            "The definition of Override rate changed on 03 Aug 2025: Late cases left out.",
        )
    ]


def test_a_log_without_dates_has_no_marks(source):
    undated = replace(source, options=replace(source.options, is_dated=False))
    assert read_marks(undated, list(source.catalog.values())) == ()
