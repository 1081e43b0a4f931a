"""Everything that can rank a gallery, each as a Method."""
