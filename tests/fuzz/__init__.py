"""A campaign of random cases against the package, with oracles that share no code with it.

.. code-block:: sh

    python -m tests.fuzz --minutes 30 --seed 7     # go on where the last run with this seed ended
    python -m tests.fuzz --summary                 # what all runs add up to
    python -m tests.fuzz --replay 7 1234           # one case, with its traceback
    python -m tests.fuzz --recheck                 # the recorded failures once more

Case n of a campaign is made of ``np.random.default_rng([seed, n])`` and of nothing else.  A case is
*right* (the answer is the oracle's), *refused* (a documented error that is true of the input),
or a failure.  ``data.py`` draws the input, ``oracle.py`` knows the answers, ``mixtures.py`` and
``outside.py`` hold the kinds of cases, and ``campaign.py`` runs and counts them.
"""
