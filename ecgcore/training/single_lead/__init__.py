"""One lead, taught by the network of several tasks."""
