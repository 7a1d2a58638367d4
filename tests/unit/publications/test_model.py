# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option publications, read: all faults at once."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.model import plain
from ansible_collections.msuc.lync.plugins.plugin_utils._publications.model import read_publications

from .samples import ONE


def test_faults_of_publications_are_told_all_at_once() -> None:
    good: Any = plain(ONE)
    bad = [{**good, "mode": "bridge"}, {**good, "listens": ["10.1.0.300"]}, {**good, "certificate": "/a b"}]
    with pytest.raises(InvalidInputError) as raised:
        read_publications(bad)
    text = str(raised.value)
    assert "mode bridge needs certificate and ca" in text and "10.1.0.300" in text and "'/a b' does not match" in text
    twins = [
        good,
        {**good, "name": "pool09.contoso.com"},
        {**good, "name": "pool08.contoso.com", "host_names": ["x.contoso.com"], "https_port": 444},
    ]
    with pytest.raises(
        InvalidInputError, match=r"meet.contoso.com is published at 203.0.113.61 by pool01.contoso.com too"
    ) as raised:
        read_publications(twins)
    assert "ports or idle_seconds at 203.0.113.61 are others" in str(raised.value)
