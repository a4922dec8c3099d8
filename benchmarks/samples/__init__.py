"""The projects that the benchmarks run on."""
