"""What only rows seen together can show: one subject a file, pure Polars, a frame in and the rows at fault out.

Every detector gives back the keys of the rows at fault and `said`, one line on what is wrong with each, the
worst first; nothing found is an empty frame. None of them reads a store, a clock or a setting.
"""
