"""The published folder: how it is written, checked, read by the service, and used to bring a register up to date."""
