"""The demo: a bank's three years with an AI credit-risk system, with planted truths (truths.py has the one table)."""

from data.demo.simulate import DemoFiles, simulate_bank

__all__ = ["DemoFiles", "simulate_bank"]
