"""Read, simulate, classify and explain electrocardiograms.

Layers, low to high: ``errors``, ``checks``, ``workers`` - ``units``, ``leads``, ``labels`` -
``recording``, ``results`` - ``readers``, ``signal``, ``simulate`` - ``models`` - ``inference`` -
``measure`` - ``interpret`` - ``explain`` - ``datasets`` - ``evaluation`` - ``training``; a module
imports only from lower layers or from its own package.  ``render`` and ``reviews`` see ``results``
and below.
"""

__version__ = "0.1.0"
