"""The engine over a list of events, and what is made of its answer: scores, years, reports, one step explained."""
