"""What stands along the beam: dump, decay volume, magnets, planes, selections."""
