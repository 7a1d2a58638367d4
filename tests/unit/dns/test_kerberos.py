# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A domain account without the library that it needs: one error, which names it and says how to get it."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base import libraries
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import DeviceError
from ansible_collections.msuc.lync.plugins.plugin_utils._dns.reconcile import connecting
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.model import DnsServer, KerberosLogin

LOGIN = KerberosLogin("svc-lync-dns@CONTOSO.COM", "dc01.contoso.com", "hush!")
SERVER = DnsServer("10.1.0.7", ("contoso.com",), kerberos=LOGIN)


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gssapi", None)
    # What another test has used of it is kept there.
    for name in (
        "Name",
        "NameType",
        "Credentials",
        "RequirementFlag",
        "MechType",
        "SecurityContext",
        "raw",
        "exceptions",
    ):
        monkeypatch.delitem(vars(libraries.gssapi), name, raising=False)
    with pytest.raises(DeviceError) as caught:
        connecting()(SERVER, 1.0).log_in()
    text = str(caught.value)
    assert text.startswith("DNS server 10.1.0.7 cannot be written: the Python library gssapi is missing")
    assert "pip install gssapi, which needs a C compiler and the headers of Kerberos (bindep.txt)" in text
    assert "apt install python3-gssapi; fix: install it, or write the zone by windows_host" in text
    assert "hush!" not in text


def test_connections_of_one_account_to_one_server_share_its_session() -> None:
    connect = connecting()
    first, again = connect(SERVER, 1.0), connect(DnsServer("10.1.0.7", ("fabrikam.com",), kerberos=LOGIN), 1.0)
    assert first.session is again.session is not None
    assert connect(DnsServer("10.1.0.8", ("contoso.com",), kerberos=LOGIN), 1.0).session is not first.session
    assert connect(DnsServer("10.1.0.7", ("contoso.com",)), 1.0).session is None


def test_no_password_is_in_the_text_of_a_server() -> None:
    assert "hush!" not in repr(SERVER)
