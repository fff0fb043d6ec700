"""Metrics: figures of this installation as Prometheus reads them."""
