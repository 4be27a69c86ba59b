"""A small notes service."""

VERSION = "0.1"
