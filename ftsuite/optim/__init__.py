"""Learning-rate schedules, rules for each variable, and optimizers that follow them."""
