"""A script sent to a broker: paced, with faults asked for, over a connection handed in."""
