"""What the black-box suites share: a server, a client, packages, channels."""
