"""Lets a client of 2015 run on a Python that has taken these names out of its library."""
import base64
import collections
import collections.abc

for name in collections.abc.__all__:
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
if not hasattr(base64, "encodestring"):
    base64.encodestring = base64.encodebytes
