"""What the bosons do to the muon's anomalous magnetic moment."""
