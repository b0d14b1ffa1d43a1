"""Simulated beamline that sends the same control messages and documents as the real one."""
