"""What live connections cost, beside bare counterparts under the same load in the same run."""
