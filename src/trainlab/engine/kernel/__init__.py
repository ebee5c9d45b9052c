"""The compiled kernel: many small networks side by side in SIMD lanes, each tile through all of its steps."""
