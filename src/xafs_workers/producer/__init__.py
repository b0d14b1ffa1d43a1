"""What a beamline's own session imports: control messages out, light and without plotting."""
