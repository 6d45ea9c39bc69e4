"""The peers rig: Pointsman beside nginx, HAProxy and Envoy at the same job. `run.py` is the way in."""
