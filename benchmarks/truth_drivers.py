"""Does "what changed" stay quiet where nothing changed, and does it name what drove a change that was planted?

Whole pages are simulated as the sums a rollup holds (period, split, part, decider), not as cases: four cards, three
splits, deciders with habits of their own who drift between the periods. The sums go through everything that follows
the query: estimates, one control over all cards, choice of drivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.changes import DeciderSums, estimate_mean_changes, estimate_rate_changes
from analysis.driver_choice import CardSums, choose_drivers
from analysis.driver_estimates import Cells
from analysis.driver_reading import CARDS, Explained
from benchmarks.truth_gates import Truth, count

HABIT, DRIFT = 0.35, 0.1  # how far deciders differ for good, and from period to period (log scale)
