"""What a fit tells while it runs, and where it ends."""

import logging
import re
import subprocess
import sys

import pytest

from numpy_ml_gmm import GMM, BayesianGMM, GMMRegressor, load_old_faithful

X = load_old_faithful().X
LOGGER = "numpy_ml_gmm"


@pytest.fixture
def logger():
    """The package's logger, put back afterwards."""
    found = logging.getLogger(LOGGER)
    handlers, level, propagate = found.handlers[:], found.level, found.propagate
    yield found
    found.handlers[:], found.propagate = handlers, propagate
    found.setLevel(level)


def fitted(verbose=1, **params):
    return GMM(2, n_init=3, random_state=0, verbose=verbose, **params).fit(X)


def test_verbose_prints_where_no_logging_is_set_up(capsys):
    model = fitted(verbose=True)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line[:16] for line in lines[:3]] == [f"restart {i} of 3: "[:16] for i in (1, 2, 3)]
    assert sum(line.endswith(", kept") for line in lines) == 1
    assert lines[model.best_restart_].endswith(", kept")
    assert lines[3].startswith("step 10: log-likelihood -11")
    end = f"step {model.n_iter_}: log-likelihood {model.log_likelihood_:.6f}, converged"
    assert lines[-1] == end and not err and "inf" not in out


@pytest.mark.parametrize("verbose", [0, False, None])
def test_without_verbose_nothing_is_shown(verbose, capsys):
    fitted(verbose=verbose)
    assert capsys.readouterr() == ("", "")


def test_a_program_with_logging_gets_lines_in_its_log_and_none_is_printed(caplog, capsys):
    with caplog.at_level(logging.INFO, logger=LOGGER):
        fitted()
    assert {record.levelname for record in caplog.records} == {"INFO"}
    assert caplog.records[0].name == LOGGER and "restart 1 of 3" in caplog.messages[0]
    assert not capsys.readouterr().out


def test_steps_are_there_for_debugging_without_verbose(caplog, capsys):
    with caplog.at_level(logging.DEBUG, logger=LOGGER):
        fitted(verbose=0)
    assert {record.levelname for record in caplog.records} == {"DEBUG"}
    assert any(message.startswith("step 10") for message in caplog.messages)
    assert not capsys.readouterr().out


def test_a_program_that_silences_the_logger_is_obeyed(logger, capsys, caplog):
    logger.setLevel(logging.WARNING)
    fitted()
    assert not capsys.readouterr().out and not caplog.messages


def test_a_program_that_logs_only_warnings_has_not_asked_for_silence(logger, capsys):
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    logger.addHandler(handler)
    fitted()
    assert "step 10" in capsys.readouterr().out


def test_a_handler_of_our_logger_alone_is_enough(logger, capsys):
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    fitted()
    out, err = capsys.readouterr()
    assert not out and "step 10: log-likelihood" in err


def test_each_model_names_what_it_climbs(capsys):
    fitted(conjugate_prior="default")
    BayesianGMM(2, n_init=2, random_state=0, verbose=1).fit(X)
    GMMRegressor(2, n_init=2, random_state=0, verbose=1).fit(X[:, :1], X[:, 1])
    out = capsys.readouterr().out
    for name in ("log-posterior", "lower bound", "log-likelihood"):
        assert f"restart 1 of 2: {name} " in out or f"restart 1 of 3: {name} " in out
        assert re.search(rf"step \d+: {name} -", out)


def test_a_plain_program_sees_lines_on_stdout_and_no_complaint_of_logging():
    code = (
        "from numpy_ml_gmm import GMM, load_old_faithful\n"
        "GMM(2, init_params='kmeans', n_init=1, random_state=0, verbose=1)"
        ".fit(load_old_faithful().X)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "converged" in found.stdout and not found.stderr
