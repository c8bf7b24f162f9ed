"""Some seconds of the campaign ``python -m tests.fuzz``: its cases run, and add up."""

import os

import pytest
from fuzz import campaign

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills and alarms need POSIX")


def test_some_cases_of_each_kind_are_right_or_refused(tmp_path):
    ledger, said = tmp_path / "ledger.jsonl", []
    campaign.run(3, ledger, seconds=5, most=200, show=said.append)
    assert not said
    assert "failed" in campaign.summary(ledger)


def test_a_run_goes_on_where_the_last_one_ended(tmp_path):
    ledger = tmp_path / "ledger.jsonl"
    assert campaign.run(3, ledger, seconds=60, most=4) == 4
    assert campaign.run(3, ledger, seconds=60, most=3) == 7
    assert [(line["start"], line["stop"]) for line in campaign.read(ledger)] == [(0, 4), (4, 7)]
    assert campaign.summary(ledger).startswith("7 cases")


def test_a_wrong_answer_is_a_failure(tmp_path, monkeypatch):
    right = campaign.mixtures.GMM.score_samples
    monkeypatch.setattr(
        campaign.mixtures.GMM, "score_samples", lambda *a, **k: right(*a, **k) + 1e-6
    )
    ledger, said = tmp_path / "ledger.jsonl", []
    campaign.run(3, ledger, seconds=60, most=12, show=said.append)
    assert any("log p(x) is off" in line for line in said)
    assert campaign.recheck(ledger, show=said.append) > 0


@pytest.mark.parametrize(
    ("seed", "case", "outcome"),
    [
        (14, 3861, "refused"),  # X has no number at all; a message about columns needs no "X"
        (14, 5799, "refused"),
        (14, 10939, "refused"),
        (14, 10970, "right"),  # a file of infinite numbers can be read
        (14, 8120, "right"),  # covariances of rows with holes, symmetric to the bit
        (14, 10742, "right"),  # a row of weight 0 may lie anywhere
    ],
)
def test_cases_that_failed_once(seed, case, outcome):
    assert campaign.run_case(seed, case)[1:] == (outcome, None)
