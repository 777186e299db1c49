"""A measurement session: rig, plan, capture, store, energy, verdict."""
