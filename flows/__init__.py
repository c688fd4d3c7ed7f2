"""The order of steps: one flow a module, and the command line as a thin door to them."""
