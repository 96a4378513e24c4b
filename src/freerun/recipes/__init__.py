"""A network for a task and how it is trained, as one value: what estimators and commands share."""
