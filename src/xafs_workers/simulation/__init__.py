"""A simulated beamline that speaks the real protocol."""
