"""Embedded samples with mesons against those of muons alone."""
