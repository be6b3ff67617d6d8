"""The demonstration: two real counties, invented people, five quarters. And synthetic counties for the benchmark."""
