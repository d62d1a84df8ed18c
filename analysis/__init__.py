"""Decides what a number is: cards, filters, queries, intervals and readings. Knows no screen and no engine."""
