"""The primitives every page is made of."""
