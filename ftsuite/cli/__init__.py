"""The command line: a file per command, one error boundary, one way to write to a terminal."""
