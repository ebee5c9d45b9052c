"""The numbers of the pictures of faults, made of a case; `diagnosis.pictured` says which fault has which."""
