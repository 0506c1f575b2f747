"""What the numbers mean, and the files that hold them. The product's version stands here and nowhere else."""

__version__ = "0.2.0"
