"""The credit models: train, score, explain, and the registry that loads them. DataFrame in, DataFrame out."""
