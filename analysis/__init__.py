"""Decides what a number is: cards, filters, queries, intervals and readings. Knows neither the screen nor the engine."""
