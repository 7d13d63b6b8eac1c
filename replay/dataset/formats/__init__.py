"""Files as publishers make them: one module a publisher, which knows its own by columns or fields."""
