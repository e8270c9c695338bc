"""The simulators a Python user can install, each measured at what it does best."""
