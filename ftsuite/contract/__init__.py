"""The pieces of the plugin contract that `ftsuite.api` shows on one screen."""
