"""An example plugin of crunchwatch: one kind of event, one detector, the series its files hold."""
