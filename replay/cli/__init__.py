"""The past's commands and their options."""
