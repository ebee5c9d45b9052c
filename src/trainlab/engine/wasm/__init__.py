"""The kernel in WebAssembly: which units its module has, and experiments as tables that a page lays out."""
