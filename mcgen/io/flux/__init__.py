"""Files of muons in our own layout and other people's."""
