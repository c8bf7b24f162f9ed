"""setuptools as the build backend, with the list of the source archive's files in this folder."""

from setuptools.build_meta import *  # noqa: F403
from setuptools.command.egg_info import manifest_maker

# setuptools looks for it at the top.  It has no option for another place, so .ci/sdist checks it.
manifest_maker.template = ".ci/MANIFEST.in"
