# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks the port catalogue."""

from __future__ import annotations

DOCUMENTATION = r"""
name: catalogue
short_description: Ask the port catalogue with JMESPath
version_added: "0.1.0"
description:
  - Returns what JMESPath expressions find in the port catalogue of the collection, the site's own rows and overrides
    included.
  - The catalogue is a mapping with the lists C(ports) and C(ipsec) and the mappings C(classes) and C(sources).
  - Every row comes with its defaults filled in, with C(load_balancer) and C(components) as a mapping per version.
author: msuc.lync contributors (@msuc-lync)
options:
  _terms:
    description:
      - JMESPath expressions over the catalogue; the whole catalogue without one.
      - Numbers stand in backticks, texts in single quotes.
    type: list
    elements: str
  extra_rows:
    description:
      - Rows that are added. The key C(table) says where, C(ports) (the default) or C(ipsec); the other keys are those
        of the catalogue.
    type: list
    elements: dict
    vars:
      - name: lync_extra_rows
  row_overrides:
    description:
      - Changes of rows. C(select) is a JMESPath condition over a row, C(set) holds the keys that it sets, C(table) is
        C(ports) or C(ipsec).
      - A key that is set to null goes back to its default.
    type: list
    elements: dict
    vars:
      - name: lync_row_overrides
  classes:
    description: Classes of your own that rows may name, with the groups that they stand for.
    type: dict
    vars:
      - name: lync_classes
"""

EXAMPLES = r"""
- name: Show what listens on TCP 5061
  ansible.builtin.debug:
    msg: "{{ lookup('msuc.lync.catalogue', 'ports[?port==`5061`].id') }}"

- name: Show which rows the load balancer carries in 2013 even with DNS load balancing
  ansible.builtin.debug:
    msg: "{{ lookup('msuc.lync.catalogue', expression) }}"
  vars:
    expression: 'ports[?load_balancer."2013"==''always''].{row: id, port: port}'

- name: Show row S47 with one of its parts switched off
  ansible.builtin.debug:
    msg: "{{ lookup('msuc.lync.catalogue', expression, row_overrides=overrides) }}"
  vars:
    expression: ports[?contains(rows, 'S47')].[id, enabled]
    overrides:
      - select: id=='edge-relay-in-legacy'
        set: {enabled: false}

- name: Show through which ports clients reach the Edge
  ansible.builtin.debug:
    msg: "{{ lookup('msuc.lync.catalogue') | msuc.lync.port_query('client', 'Edge internal') }}"
"""

RETURN = r"""
_raw:
  description: What each expression found, one item per expression.
  type: list
  elements: raw
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._base.libraries import MissingLibraryError
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.extend import extended
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.load import default_path, read_document
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.query import search


class LookupModule(LookupBase):
    """The lookup msuc.lync.catalogue."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: object) -> list[object]:
        """Return what each expression finds."""
        self.set_options(var_options=variables, direct=kwargs)
        try:
            rows, overrides, classes = map(self._rows, ("extra_rows", "row_overrides", "classes"))
            own = list(map(str, classes)) if isinstance(classes, Mapping) else []
            document = extended(read_document(default_path()), rows, overrides, own)
            return [search(document, str(term)) for term in terms or ["@"]]
        except (InvalidInputError, MissingLibraryError) as error:
            raise AnsibleLookupError(str(error)) from None

    def _rows(self, option: str) -> object:
        """Return an option that holds rows; one that came from a variable may still have templates in it."""
        value = self.get_option(option)
        return self._templar.template(value) if value and self._templar else value or []
