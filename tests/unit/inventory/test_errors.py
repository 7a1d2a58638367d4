# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every check of the inventory: one change of a valid inventory, and the whole text of the error that it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from ansible_collections.msuc.lync.plugins.plugin_utils._base.errors import InvalidInputError, Problem, one_of
from ansible_collections.msuc.lync.plugins.plugin_utils._catalogue.model import FEATURES, ROLES
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory import read
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.build import Check, Draft
from ansible_collections.msuc.lync.plugins.plugin_utils._inventory.read import ERROR_CHECKS, read_topology
from ansible_collections.msuc.lync.plugins.plugin_utils._load_balancers.registry import options_of

from .sample import DIRECTORS, EDGES, GROUPS, MEDIATION, POOL, REMOVED, Path, changed, edges

POOLS = f"{DIRECTORS}, {EDGES}, {MEDIATION}, {POOL}"
PORTS = "1 to 65535"
EVERY_ROLE = ", ".join(sorted(ROLES))
RANGE_FIX = "write the lower port first, within the limits"
SE: dict[Path, object] = {
    ("se01", GROUPS): ("standard_edition",),
    ("se01", "ansible_host"): "10.3.0.11",
    ("se01", "lync_pool"): "se01.contoso.com",
}
SE_POOL: Path = ("all", "lync_pools", "se01.contoso.com")
STRAY_FIX = "put the host into the group of its role, or remove the variables; lync_retire takes it out of use"
ONE_ADDRESS = {"access": "203.0.113.22", "web_conferencing": "203.0.113.22", "av": "203.0.113.22"}


def pool(*path: str) -> Path:
    """Return the path of a setting of pools."""
    return ("all", "lync_pools", *path)


# Name of the case, the changes, the errors in full.
_ROLES_OF_SAMPLE = ("frontend", "directors", "mediation", "edge", "pstn_gateways", "load_balancers")
CASES: list[tuple[str, Mapping[Path, object], list[str]]] = [
    ("unknown version", {("gw01", "lync_version"): 2011},
     ["host gw01, lync_version: 2011 is not a version; allowed: 2010, 2013, 2015, 2019, se; fix: write one of them"]),
    ("unknown feature", {("gw01", "lync_features"): ["federation", "federatoin"]},
     [f"host gw01, lync_features: 'federatoin' is not a feature; allowed: {', '.join(sorted(FEATURES))}; fix: write "
     f"federation"]),
    ("unknown variable", {("gw01", "lync_verison"): "2010"},
     ["host gw01: there is no variable 'lync_verison'; fix: write lync_version, or list it in lync_local_variables"]),
    ("prefix with a slip", {("gw01", "lnyc_sip_port"): 5067, ("gw01", "sip_port"): 5067},
     ["host gw01: there is no variable 'lnyc_sip_port'; fix: write lync_sip_port, or list it in "
      "lync_local_variables"]),
    ("host bits in a rule of one's own",
     {("fe02", "lync_extra_firewall_rules"): [{"name": "a", "protocol": "tcp", "remoteip": ["10.9.0.0/4"]}]},
     ["host fe02, lync_extra_firewall_rules, rule a, remoteip: '10.9.0.0/4' has host bits; allowed: a network a/n "
      "whose host bits are zero; fix: did you mean 10.9.0.0/16 or 0.0.0.0/4?"]),
    ("address of this network", {("fe02", "lync_address"): "0.1.0.12"},
     ["host fe02, lync_address: '0.1.0.12' is not an address that a host can have; allowed: a unicast IPv4 or IPv6 "
      "address"]),
    ("variable without a neighbour", {("all", "lync_zzz"): 1},
     ["hosts fe01, fe02, dir01 and 8 more: there is no variable 'lync_zzz'; fix: remove it, or list it in "
     "lync_local_variables"]),
    ("deployment variable differs", {("gw01", "lync_ipsec"): True, ("fe02", "lync_ipsec"): "auto"},
     ["hosts fe02 and gw01, lync_ipsec: the values differ: 'auto' and True; allowed: one value for the whole "
     "deployment; fix: set it once, for group all"]),
    ("one bad value on many hosts", {("all", "lync_version"): "2012"},
     ["hosts fe01, fe02, dir01 and 8 more, lync_version: '2012' is not a version; allowed: 2010, 2013, 2015, 2019, "
     "se; fix: write one of them"]),
    ("unknown platform", {("gw01", "lync_platform"): "window"},
     ["host gw01, lync_platform: 'window' is not a platform; allowed: appliance, linux, windows; fix: write windows"]),
    ("unknown member state", {("fe02", "lync_member_state"): "drain"},
     ["host fe02, lync_member_state: 'drain' is not a member state; allowed: active, draining, joining, retired; "
     "fix: write draining"]),
    ("managed is no boolean", {("gw01", "lync_managed"): "perhaps"},
     ["host gw01, lync_managed: 'perhaps' is neither true nor false; allowed: true, false"]),
    ("driver of a reverse proxy elsewhere, and unknown words of TLS",
     {("fe02", "lync_reverse_proxy_driver"): "haproxy", pool(POOL, "tls"): {"mode": "brigde", "ca": "ca.pem"}},
     ["host fe02, lync_reverse_proxy_driver: the host is not in group reverse_proxy; allowed: a reverse proxy; "
      "fix: put the host into group reverse_proxy, or remove the variable",
      f"pool {POOL}, tls.ca: 'ca.pem' is not an absolute path; "
      "allowed: a path on the proxy, without blanks, quotes and ..",
      f"pool {POOL}, tls.mode: 'brigde' is not a mode of TLS; allowed: bridge, passthrough; fix: write bridge"]),
    ("bridge without files", {pool(POOL, "tls"): {"mode": "bridge"}},
     [f"pool {POOL}, tls: mode bridge has no ca; allowed: a path on the proxy; fix: add ca, or use passthrough",
      f"pool {POOL}, tls: mode bridge has no certificate; allowed: a path on the proxy; fix: add certificate, or use "
      f"passthrough"]),
    ("certificate that nobody shows", {pool(POOL, "tls"): {"certificate": "/etc/x.pem"}},
     [f"pool {POOL}, tls.certificate: mode passthrough shows the member's certificate and uses none here; fix: "
     f"remove it, or use mode bridge"]),
    ("reverse proxy on Windows",
     {("rp09", GROUPS): ("reverse_proxy",), ("rp09", "ansible_host"): "10.2.0.99",
      ("rp09", "lync_platform"): "windows",
      ("rp09", "lync_reverse_proxy_driver"): "haproxy"},
     ["host rp09, lync_reverse_proxy_driver: haproxy is configured on Linux only, lync_platform is windows; allowed: "
      "linux; fix: correct one"]),
    ("both modes of TLS with nginx",
     {("rp09", GROUPS): ("reverse_proxy",), ("rp09", "ansible_host"): "10.2.0.99",
      ("rp09", "lync_reverse_proxy_driver"): "nginx",
      pool(POOL, "external_web_fqdn"): "webext01.contoso.com",
      pool(POOL, "tls"): {"mode": "bridge", "certificate": "/a/b.pem", "ca": "/a/c.pem"},
      pool(DIRECTORS, "external_web_fqdn"): "dirext.contoso.com"},
     ["host rp09, lync_reverse_proxy_driver: pools have tls of both modes, and nginx does one at an address; "
      "allowed: one mode for all pools, or haproxy; fix: correct one"]),
    ("simple URL that is another pool's web name",
     {("all", "lync_simple_urls"): {"meet": ["https://meet.contoso.com"]},
      pool(POOL, "external_web_fqdn"): "Meet.contoso.com"},
     [f"pool {POOL}, external_web_fqdn: 'Meet.contoso.com' is a simple URL or a name of client discovery, which pool "
      f"{DIRECTORS} answers; "
      "allowed: a name of its own; fix: give the pool another name"]),
    ("unknown driver", {("lb01", "lync_balancer_driver"): "haprox"},
     ["host lb01, lync_balancer_driver: 'haprox' is not a driver; allowed: f5_as3, haproxy, kemp, netscaler; "
     "fix: write haproxy"]),
    ("nginx alone as the load balancer of TCP", {("lb01", "lync_balancer_driver"): "nginx"},
     ["host lb01, lync_balancer_driver: 'nginx' carries no TCP services any more: it asks no member whether it "
      "is well, so a member whose Front End service stopped would keep its clients; "
      "allowed: f5_as3, haproxy, kemp, netscaler; "
      "fix: write haproxy, beside which nftables carries UDP; what nginx carries now moves as docs/load-balancers.md "
      "says under From nginx to HAProxy"]),
    ("site is no text", {("gw01", "lync_site"): ["oslo"]},
     ["host gw01, lync_site: ['oslo'] is not a text; allowed: a non-empty text"]),
    ("template left over", {("gw01", "lync_site"): "{{ nothing }}"},
     ["host gw01, lync_site: '{{ nothing }}' is a template that cannot be resolved; fix: define what it refers to"]),

    ("malformed address", {("fe02", "lync_address"): "10.1.0.256"},
     ["host fe02, lync_address: '10.1.0.256' is not an address; allowed: an IPv4 or IPv6 address"]),
    ("network for an address", {("fe02", "lync_address"): ["10.1.0.12", "10.1.0.0/24"]},
     ["host fe02, lync_address[1]: '10.1.0.0/24' is not an address; allowed: an IPv4 or IPv6 address"]),
    ("address of no host", {("fe02", "lync_address"): "224.0.0.1"},
     ["host fe02, lync_address: '224.0.0.1' is not an address that a host can have; allowed: a unicast IPv4 or IPv6 "
     "address"]),
    ("address that is zero", {("fe02", "lync_address"): "::"},
     ["host fe02, lync_address: '::' is not an address that a host can have; "
      "allowed: a unicast IPv4 or IPv6 address"]),
    ("broadcast address", {("fe02", "lync_address"): "255.255.255.255"},
     ["host fe02, lync_address: '255.255.255.255' is not an address that a host can have; allowed: a unicast IPv4 or "
     "IPv6 address"]),
    ("truth for an address", {("fe02", "lync_address"): True},
     ["host fe02, lync_address: True is not a list; allowed: a list, or one text"]),
    ("addresses in a mapping", {("fe02", "lync_address"): {"a": 1}},
     ["host fe02, lync_address: {'a': 1} is not a list; allowed: a list, or one text"]),
    ("malformed network", {("gw01", "lync_phone_networks"): ["10.12.0.0/33"]},
     ["host gw01, lync_phone_networks[0]: '10.12.0.0/33' is not a network; allowed: an address, a network a/n, a "
     "range a-b"]),
    ("any where it may not be", {("all", "lync_management_networks"): "any"},
     ["lync_management_networks: 'any' stands for every address, which only lync_client_networks may; "
      "allowed: addresses, networks, ranges; fix: name the networks"]),
    ("all addresses of a family", {("all", "lync_media_networks"): ["::/0"]},
     ["lync_media_networks: ['::/0'] stands for every address, which only lync_client_networks may; "
      "allowed: addresses, networks, ranges; fix: name the networks"]),
    ("no client networks", {("all", "lync_client_networks"): REMOVED},
     ["hosts fe01, fe02, dir01 and 4 more, lync_client_networks: the networks of the clients are not set; "
      "allowed: addresses, networks, ranges, or [any]; fix: set lync_client_networks for group all"]),
    ("client networks empty", {("all", "lync_client_networks"): []},
     ["hosts fe01, fe02, dir01 and 4 more, lync_client_networks: the networks of the clients are not set; "
      "allowed: addresses, networks, ranges, or [any]; fix: set lync_client_networks for group all"]),

    ("host without address", {("gw01", "ansible_host"): REMOVED},
     ["host gw01, lync_address: the host has no address; allowed: IPv4 or IPv6 addresses; fix: set lync_address or "
     "ansible_host"]),
    ("name in ansible_host", {("fe02", "ansible_host"): "fe02.contoso.com"},
     ["host fe02, lync_address: ansible_host is 'fe02.contoso.com', not an address, and lync_address is not set; "
      "allowed: IPv4 or IPv6 addresses; fix: set lync_address; names are not resolved"]),
    ("same address on two hosts", {("fe02", "ansible_host"): "10.1.0.11"},
     ["host fe02: 10.1.0.11 is also an address of host fe01; allowed: an address of its own; fix: correct one of the "
     "two"]),
    ("same IPv6 address in two spellings",
     {("fe02", "lync_address"): "2001:db8::1", ("gw01", "lync_address"): "2001:DB8:0::0001"},
     ["host gw01: 2001:db8::1 is also an address of host fe02; allowed: an address of its own; fix: correct one of "
      "the two"]),
    ("balancer with the address of a server", {("lb01", "lync_balancer_addresses"): ["10.1.0.5", "10.1.0.12"]},
     ["host lb01, lync_balancer_addresses: 10.1.0.12 is an address of host fe02; allowed: addresses of the balancer; "
     "fix: correct one of the two"]),
    ("host name that is no file name", {("a/b", GROUPS): ("clients",), ("a/b", "ansible_host"): "10.10.0.1"},
     ["host a/b: 'a/b' cannot be the name of a plan file; allowed: letters, digits, dots, hyphens, underscores, "
     "no dot in front; fix: rename it"]),

    ("host name that is a way up", {("..", GROUPS): ("clients",), ("..", "ansible_host"): "10.10.0.1"},
     ["host ..: '..' cannot be the name of a plan file; allowed: letters, digits, dots, hyphens, underscores, "
     "no dot in front; fix: rename it"]),
    ("host name that is code", {("a@RULES@", GROUPS): ("clients",), ("a@RULES@", "ansible_host"): "10.10.0.1"},
     ["host a@RULES@: 'a@RULES@' cannot be the name of a plan file; allowed: letters, digits, dots, hyphens, "
      "underscores, no dot in front; fix: rename it"]),
    ("host name with an end of line", {("a\n", GROUPS): ("clients",), ("a\n", "ansible_host"): "10.10.0.1"},
     ["host a\n: 'a\\n' cannot be the name of a plan file; allowed: letters, digits, dots, hyphens, "
      "underscores, no dot in front; fix: rename it"]),
    ("letters that only look like those of a DNS name", {("all", "lync_sip_domains"): ["\u212aontoso.com"]},
     ["lync_sip_domains[0]: '\u212aontoso.com' is not a DNS name; allowed: labels of letters, digits and hyphens, "
      "with dots between"]),
    ("text of two lines", {("gw01", "lync_site"): "oslo\nrm"},
     ["host gw01, lync_site: 'oslo\\nrm' holds control characters; allowed: a text of one line"]),
    ("path that leads up", {pool(POOL, "tls"): {"mode": "bridge", "certificate": "/etc/../../x", "ca": "/x.pem\n"}},
     [f"pool {POOL}, tls.ca: '/x.pem\\n' is not an absolute path; "
      "allowed: a path on the proxy, without blanks, quotes and ..",
      f"pool {POOL}, tls.certificate: '/etc/../../x' is not an absolute path; "
      "allowed: a path on the proxy, without blanks, quotes and .."]),
    ("host bits", {("all", "lync_media_networks"): ["10.30.7.0/8", "2001:db8:7::/32", "10.30.7.0/24"]},
     ["lync_media_networks[0]: '10.30.7.0/8' has host bits; allowed: a network a/n whose host bits are zero; fix: did "
      "you mean 10.30.7.0/24 or 10.0.0.0/8?",
      "lync_media_networks[1]: '2001:db8:7::/32' has host bits; allowed: a network a/n whose host bits are zero; fix: "
      "did you mean 2001:db8:7::/48 or 2001:db8::/32?"]),
    ("group in the singular", {("gw01", GROUPS): ("pstn_gateway",)},
     [f"host gw01: group 'pstn_gateway' is no group of a role, so that the plan has nothing for its hosts; allowed: "
      f"{EVERY_ROLE}; fix: did you mean pstn_gateways? Otherwise list pstn_gateway in lync_local_groups"]),
    ("group with a hyphen, and variables that nothing reads",
     {("rp01", GROUPS): ("reverse-proxies",), ("rp01", "lync_external_address"): "203.0.113.61"},
     [f"host rp01: group 'reverse-proxies' is no group of a role, so that the plan has nothing for its hosts; allowed: "
      f"{EVERY_ROLE}; fix: did you mean reverse_proxy? Otherwise list reverse-proxies in lync_local_groups",
      f"host rp01: the host is in no group of a role, and nothing reads lync_external_address; allowed: {EVERY_ROLE}; "
      f"fix: {STRAY_FIX}"]),
    ("variables of a role on a host without one",
     {("other", "lync_sip_port"): 5067, ("other", "lync_address"): "10.8.0.7"},
     [f"host other: the host is in no group of a role, and nothing reads lync_address, lync_sip_port; allowed: "
      f"{EVERY_ROLE}; fix: {STRAY_FIX}"]),
    ("variable of another role", {("gw01", "lync_external_nat_addresses"): {"access": "203.0.113.9"}},
     ["host gw01, lync_external_nat_addresses: it means nothing on this kind of host; allowed: hosts of edge; fix: "
      "remove it, or correct it"]),
    ("rules of a host that gets none",
     {("gw01", "lync_extra_firewall_rules"): [{"name": "a", "protocol": "tcp", "localport": 1}]},
     ["host gw01, lync_extra_firewall_rules: it means nothing on this kind of host; allowed: hosts with a role that "
      "get rules (lync_managed); fix: remove it, or correct it"]),
    ("no version", {("all", "lync_version"): REMOVED},
     ["hosts fe01, fe02, dir01 and 4 more, lync_version: the version of the product is not set; allowed: 2010, 2013, "
      "2015, 2019, se; fix: set lync_version for group all"]),
    ("port of federation used twice",
     {("edge02", "lync_external_addresses"): ONE_ADDRESS,
      ("edge02", "lync_edge_ports"): {"access": 443, "web_conferencing": 444, "av": 5061},
      ("edge01", "lync_edge_ports"): {"access": 443, "web_conferencing": 444, "av": 5061},
      ("edge01", "lync_features"): ["federation"], ("edge02", "lync_features"): ["federation"]},
     ["host edge02, lync_external_addresses.av: 203.0.113.22 port 5061 is also that of federation; allowed: one "
      "service for an address and port; fix: give the service its own address, or another port in lync_edge_ports"]),

    ("unknown role in lync_groups", {("all", "lync_groups"): {"front_end": "lync"}},
     [f"lync_groups: 'front_end' is not a key; allowed: {', '.join(ROLES)}; fix: write frontend"]),
    ("unknown group in lync_groups", {("all", "lync_groups"): {"dhcp_servers": "somebody_els"}},
     ["lync_groups.dhcp_servers: no host is in a group 'somebody_els'; "
      "allowed: directors, edge, frontend, load_balancers, mediation, pstn_gateways, somebody_else; fix: write "
      "somebody_else"]),
    ("feature of a later version", {("fe01", "lync_features"): ["xmpp"], ("fe02", "lync_features"): ["xmpp"]},
     ["hosts fe01, fe02, lync_features: version 2010 has no xmpp, so that it opens nothing; allowed: versions 2013, "
      "2015; fix: remove xmpp, or correct the version"]),
    ("feature of an earlier version",
     {("all", "lync_version"): "2019", ("edge01", "lync_features"): ["xmpp", "federation"],
      ("edge02", "lync_features"): ["xmpp", "federation"]},
     ["hosts edge01, edge02, lync_features: version 2019 has no xmpp, so that it opens nothing; allowed: versions "
      "2013, 2015; fix: remove xmpp, or correct the version"]),
    ("home that is no pool", {("all", "lync_home_pools"): {"*": {"internal": "pool1.contoso.com"}}},
     ["lync_home_pools.*.internal: there is no pool 'pool1.contoso.com' of role directors, frontend, "
      f"standard_edition; allowed: dir01.contoso.com, {POOL}; fix: write {POOL}"]),
    ("home outside that is no Edge pool", {("all", "lync_federation_pool"): POOL},
     [f"lync_federation_pool: there is no pool '{POOL}' of role edge; allowed: edge01.contoso.com; fix: name a pool of "
      "role edge"]),
    ("home of no SIP domain", {("all", "lync_sip_domains"): ["contoso.com"],
                               ("all", "lync_home_pools"): {"contoso.net": {"internal": POOL}}},
     ["lync_home_pools.contoso.net: contoso.net is no SIP domain; allowed: contoso.com; fix: add it to "
      "lync_sip_domains"]),
    ("record without a type", {("all", "lync_extra_dns_records"): [{"pool": POOL, "name": "a.contoso.com"}]},
     ["lync_extra_dns_records[0]: the record has no type, values; allowed: keys pool, name, type and values; fix: add "
      "it"]),
    ("record of another family", {("all", "lync_extra_dns_records"): [
        {"pool": POOL, "name": "a.contoso.com", "type": "AAAA", "values": ["10.1.0.1"]}]},
     ["lync_extra_dns_records[0].values: '10.1.0.1' is not a value of type AAAA; allowed: IPv6 addresses"]),
    ("private record outside", {("all", "lync_extra_dns_records"): [
        {"pool": POOL, "name": "a.contoso.com", "type": "A", "values": ["10.1.0.1"], "view": "external"}]},
     ["lync_extra_dns_records a.contoso.com: 10.1.0.1 has private addresses, which the Internet does not reach; "
      "allowed: public addresses; fix: write the public address, or view: internal"]),
    ("SIP domains where nobody signs in",
     {("all", "lync_sip_domains"): ["contoso.com"], ("all", "lync_central_management_pool"): REMOVED,
      ("all", "lync_pools", POOL): REMOVED, ("all", "lync_pools", DIRECTORS): REMOVED,
      **{(name,): REMOVED for name in ("fe01", "fe02", "dir01", "dir02")}},
     ["lync_sip_domains: nobody signs in anywhere: there is no pool for contoso.com; allowed: a pool of role "
      "directors, frontend, standard_edition; fix: add the pool, or remove it"]),
    ("class of a group that is not there", {("all", "lync_classes"): {"recorders": ["recorder"]}},
     ["lync_classes.recorders: no host is in a group 'recorder'; allowed: directors, edge, frontend, load_balancers, "
      "mediation, pstn_gateways, somebody_else; fix: write the name of a group that has hosts"]),
    ("class with the name of a role", {("all", "lync_classes"): {"edge": ["somebody_else"]}},
     ["lync_classes: 'edge' cannot be the name of a class; allowed: lower case letters, digits and underscores, no "
      "name of a role or class of the catalogue; fix: choose another name"]),
    ("prefix of no group",
     {("all", "lync_group_prefix"): "lnyc_",
      ("all", "lync_groups"): {role: role for role in _ROLES_OF_SAMPLE}},
     ["lync_group_prefix: no host is in a group of a role whose name begins with 'lnyc_'; allowed: "
      + one_of(f"lnyc_{role}" for role in ROLES if role not in _ROLES_OF_SAMPLE)
      + "; fix: write what the groups of the roles begin with"]),
    ("no prefix of groups", {("all", "lync_group_prefix"): "lync-"},
     ["lync_group_prefix: 'lync-' cannot begin the name of a group; allowed: letters, digits and underscores, no "
      "digit first"]),
    ("pool and no role group", {("other", GROUPS): ("front_end",), ("other", "lync_pool"): POOL},
     [f"host other, lync_pool: the host names pool {POOL} and is in no group of a role; allowed: {EVERY_ROLE}; fix: "
     f"put the host into group frontend"]),
    ("pooled role without a pool", {("dir02", "lync_pool"): REMOVED},
     [f"host dir02, lync_pool: a host of role directors needs a pool; allowed: {POOLS}; fix: set lync_pool"]),
    ("collocated Front End without a pool", {("fe02", "lync_pool"): REMOVED},
     [f"host fe02, lync_pool: a host of role frontend needs a pool; allowed: {POOLS}; fix: set lync_pool"]),
    ("stand-alone mediation without a pool",
     {("all", "lync_pools", MEDIATION): REMOVED, ("med01", "lync_pool"): REMOVED},
     [f"host med01, lync_pool: a host of role mediation needs a pool; allowed: {DIRECTORS}, {EDGES}, {POOL}; fix: "
      f"set lync_pool"]),
    ("unknown pool", {("fe02", "lync_pool"): "pool1.contoso.com"},
     [f"host fe02, lync_pool: there is no pool 'pool1.contoso.com'; allowed: {POOLS}; fix: write {POOL}"]),
    ("pool of another role", {("fe02", "lync_pool"): DIRECTORS},
     [f"host fe02, lync_pool: pool {DIRECTORS} has role directors, the host has frontend; "
      "fix: name a pool of the host's role, or put the host into group directors"]),
    ("collocated host in a mediation pool", {("fe02", "lync_pool"): MEDIATION},
     [f"host fe02, lync_pool: pool {MEDIATION} has role mediation, the host has frontend; "
      "fix: name a pool of the host's role, or put the host into group mediation"]),
    ("roles that exclude each other", {
        ("dir02", GROUPS): ("directors", "edge"),
        ("dir02", "lync_external_addresses"): {"access": "198.51.100.1", "web_conferencing": "198.51.100.2",
                                               "av": "198.51.100.3"}},
     ["host dir02: roles directors and edge cannot share a server; "
      "allowed: one role of a server, or mediation beside frontend or standard_edition; fix: take the host out of a "
      "group"]),
    ("mediation on a director", {("dir02", GROUPS): ("directors", "mediation")},
     ["host dir02: roles directors and mediation cannot share a server; "
      "allowed: one role of a server, or mediation beside frontend or standard_edition; fix: take the host out of a "
      "group"]),
    ("pool name that is no DNS name", {("gw01", "lync_pool"): "../pool"},
     ["host gw01, lync_pool: '../pool' is not a DNS name; allowed: labels of letters, digits and hyphens, with dots "
     "between"]),

    ("role that is gone",
     {("mon01", GROUPS): ("monitoring",), ("mon01", "ansible_host"): "10.1.0.51", ("mon01", "lync_version"): "2013"},
     ["host mon01, lync_version: version 2013 has no role monitoring; allowed: 2010; fix: take the host out of group "
      "monitoring, or correct its version"]),
    ("persistent chat in 2019",
     {("pc01", GROUPS): ("persistent_chat",), ("pc01", "ansible_host"): "10.1.0.52", ("pc01", "lync_version"): "SE"},
     ["host pc01, lync_version: version se has no role persistent_chat; allowed: 2010, 2013, "
      "2015; "
      "fix: take the host out of group persistent_chat, or correct its version"]),
    ("gateway of an unknown pool", {("gw01", "lync_gateway_pools"): [POOL, "med1.contoso.com"]},
     [f"host gw01, lync_gateway_pools: there is no pool 'med1.contoso.com'; "
      f"allowed: {POOLS}; fix: write {MEDIATION}"]),
    ("SIP port", {("gw01", "lync_sip_port"): 65536},
     [f"host gw01, lync_sip_port: 65536 is not a port; allowed: {PORTS}"]),
    ("range in the place of a port", {("gw01", "lync_sip_port"): "5060-5061"},
     [f"host gw01, lync_sip_port: '5060-5061' is not a port; allowed: {PORTS}"]),
    ("media range out of order", {("gw01", "lync_media_ports"): {"audio": "57500-49152"}},
     [f"host gw01, lync_media_ports.audio: '57500-49152' is not a range of ports in order; allowed: a-b, each "
     f"{PORTS}, a not above b; fix: {RANGE_FIX}"]),
    ("media range out of limits", {("gw01", "lync_media_ports"): {"client": "1024-65536"}},
     [f"host gw01, lync_media_ports.client: '1024-65536' is not a range of ports in order; allowed: a-b, each "
     f"{PORTS}, a not above b; fix: {RANGE_FIX}"]),
    ("media range any", {("gw01", "lync_media_ports"): {"client": "any"}},
     [f"host gw01, lync_media_ports.client: 'any' is not a range of ports in order; allowed: a-b, each {PORTS}, a "
     f"not above b; fix: {RANGE_FIX}"]),
    ("unknown single media range", {("gw01", "lync_media_port_overrides"): {"vidoe": "50000-50099"}},
     ["host gw01, lync_media_port_overrides: 'vidoe' is not a key; allowed: audio, video, application_sharing, client, "
      "edge, client_audio, client_video, client_sharing, client_files; fix: write video"]),
    ("unknown media range", {("gw01", "lync_media_ports"): {"vidoe": "50000-50099"}},
     ["host gw01, lync_media_ports: 'vidoe' is not a key; allowed: audio, video, application_sharing, client, edge, "
      "client_audio, client_video, client_sharing, client_files; fix: "
     "write video"]),

    ("pools are no mapping", {("all", "lync_pools"): ["pool01"]},
     ["lync_pools: ['pool01'] is not a mapping; allowed: a mapping from pool names to their settings"]),
    ("pool entry is no mapping", {pool("pool9"): "frontend"},
     ["pool pool9: 'frontend' is not a mapping; allowed: a mapping with keys of: role, load_balancing, balancer, "
     "vip, web_vip, external_vips, "
      "external_web_vip, external_web_nat_vip, web_fqdn, external_web_fqdn, external_fqdns, "
      "monitoring_port, backup_pool, sql, file_share, "
      "vendor, site, tls, row_overrides",
      f"pool pool9, role: the pool has no role; allowed: {EVERY_ROLE}; fix: add the role that its members play"]),
    ("unknown key of a pool", {pool(POOL, "vipp"): "10.1.0.102"},
     ["pool pool01.contoso.com: 'vipp' is not a key; allowed: role, load_balancing, balancer, vip, web_vip, "
     "external_vips, "
      "external_web_vip, external_web_nat_vip, web_fqdn, external_web_fqdn, external_fqdns, "
      "monitoring_port, backup_pool, sql, file_share, "
      "vendor, site, tls, row_overrides; fix: write vip"]),
    ("pool without a role", {pool("pool9"): {}},
     [f"pool pool9, role: the pool has no role; allowed: {EVERY_ROLE}; fix: add the role that its members play"]),
    ("unknown role of a pool", {pool("pool9"): {"role": "front-end"}},
     [f"pool pool9, role: 'front-end' is not a role; allowed: {EVERY_ROLE}; fix: write frontend"]),
    ("key of another role", {pool(MEDIATION, "web_vip"): "10.1.0.99"},
     ["pool med01.contoso.com, web_vip: a pool of role mediation has no web_vip; allowed: pools of role frontend, "
     "directors; fix: remove it"]),
    ("pool without members", {pool("pool9.contoso.com"): {"role": "frontend"}},
     ["pool pool9.contoso.com: the pool has no members; allowed: hosts of group frontend; "
      "fix: set lync_pool: pool9.contoso.com on its members, or remove the pool"]),
    ("members of different versions", {("fe02", "lync_version"): 2013},
     ["pool pool01.contoso.com, lync_version: hosts fe01 and fe02 differ: '2010' and 2013; "
      "allowed: one value within a pool; fix: set it once for the pool"]),
    ("members of different features", {("fe02", "lync_features"): "cac", ("fe01", "lync_features"): "cac,rcc"},
     ["pool pool01.contoso.com, lync_features: hosts fe01 and fe02 differ: 'cac,rcc' and 'cac'; "
      "allowed: one value within a pool; fix: set it once for the pool"]),
    ("members of different media ports", {("fe02", "lync_media_ports"): {"client": "5350-5389"}},
     ["pool pool01.contoso.com, lync_media_ports: hosts fe01 and fe02 differ: 'not set' and {'client': '5350-5389'}; "
      "allowed: one value within a pool; fix: set it once for the pool"]),
    ("members of different single media ports", {("fe02", "lync_media_port_overrides"): {"client": "5350-5389"}},
     ["pool pool01.contoso.com, lync_media_port_overrides: hosts fe01 and fe02 differ: 'not set' and {'client': "
      "'5350-5389'}; allowed: one value within a pool; fix: set it once for the pool"]),
    ("members of different client networks", {("dir02", "lync_client_networks"): "10.11.0.0/16"},
     ["pool dir01.contoso.com, lync_client_networks: hosts dir01 and dir02 differ: ['10.10.0.0/16', "
     "'2001:db8:10::/48'] and '10.11.0.0/16'; "
      "allowed: one value within a pool; fix: set it once for the pool"]),
    ("members of different phone networks", {("dir02", "lync_phone_networks"): "10.12.0.0/16"},
     ["pool dir01.contoso.com, lync_phone_networks: hosts dir01 and dir02 differ: 'not set' and '10.12.0.0/16'; "
      "allowed: one value within a pool; fix: set it once for the pool"]),

    ("unknown method", {pool(POOL, "load_balancing"): "hbl"},
     ["pool pool01.contoso.com, load_balancing: 'hbl' is not a load balancing method; allowed: dns, hlb, none; fix: "
     "write hlb"]),
    ("unknown method is no method", {pool(POOL): {"role": "frontend", "load_balancing": "hbl"}},
     ["pool pool01.contoso.com, load_balancing: 'hbl' is not a load balancing method; allowed: dns, hlb, none; fix: "
     "write hlb"]),
    ("unknown method of one side", {pool(EDGES, "load_balancing"): {"internal": "hbl", "external": "dns"}},
     ["pool edge01.contoso.com, load_balancing.internal: 'hbl' is not a load balancing method; allowed: dns, hlb, "
     "none; fix: write hlb"]),
    ("several servers and none", {pool(POOL, "load_balancing"): "none", pool(POOL, "vip"): REMOVED},
     ["pool pool01.contoso.com, load_balancing: the pool has 2 servers and load_balancing is none; "
      "allowed: hlb, dns; none for one server; fix: write hlb or dns"]),
    ("several servers and nothing said", {pool(DIRECTORS, "load_balancing"): REMOVED},
     ["pool dir01.contoso.com, load_balancing: the pool has 2 servers and load_balancing is not set; "
      "allowed: hlb, dns; none for one server; fix: write hlb or dns"]),
    ("two methods on an Edge", {pool(EDGES, "load_balancing"): {"internal": "hlb", "external": "dns"}},
     ["pool edge01.contoso.com, load_balancing: internal is hlb and external is dns; "
      "allowed: one of dns, hlb, none for both interfaces; fix: write one method"]),
    ("one side of an Edge left out", {pool(EDGES, "load_balancing"): {"internal": "hlb"}},
     ["pool edge01.contoso.com, load_balancing: internal is hlb and external is not set; "
      "allowed: one of dns, hlb, none for both interfaces; fix: write one method"]),
    *((f"nobody listens on {key}",
       {("se9", GROUPS): ("frontend",), ("se9", "ansible_host"): "10.1.0.99", ("se9", "lync_pool"): "pool9",
        pool("pool9"): {"role": "frontend", key: "10.1.0.98"}},
       [f"pool pool9, {key}: load_balancing is none, so that nobody listens on {key}; allowed: hlb, or dns for a VIP "
        "of web services; fix: write the method, or remove the VIP"])
      for key in ("vip", "web_vip", "external_web_vip")),
    ("nobody listens on the Edge's VIPs", {pool(EDGES, "load_balancing"): "dns"},
     ["pool edge01.contoso.com, external_vips: load_balancing is dns, so that nobody listens on external_vips; "
      "allowed: hlb, or dns for a VIP of web services; fix: write the method, or remove the VIP"]),
    ("no VIP", {pool(POOL, "vip"): REMOVED},
     ["pool pool01.contoso.com, vip: load_balancing is hlb and there is no VIP; allowed: an IPv4 or IPv6 address; "
     "fix: set vip"]),
    ("malformed VIP is said once", {pool(POOL, "vip"): "10.1.0"},
     ["pool pool01.contoso.com, vip: '10.1.0' is not an address; allowed: an IPv4 or IPv6 address"]),
    ("DNS without a web VIP", {pool(DIRECTORS, "web_vip"): REMOVED},
     ["pool dir01.contoso.com, web_vip: DNS load balancing does not cover the web services, and there is no VIP for "
     "them; "
      "allowed: an IPv4 or IPv6 address; fix: set web_vip, web_fqdn and balancer"]),
    ("no balancer", {pool(POOL, "balancer"): REMOVED},
     ["pool pool01.contoso.com, balancer: load_balancing is hlb and the internal side has no balancer; "
      "allowed: lb01, lb02; fix: name a host of group load_balancers"]),
    ("no balancer outside", {pool(EDGES, "balancer"): {"internal": "lb01"}},
     ["pool edge01.contoso.com, balancer: load_balancing is hlb and the external side has no balancer; "
      "allowed: lb01, lb02; fix: name a host of group load_balancers"]),
    ("unknown balancer", {pool(POOL, "balancer"): ["lb01", "lb1"]},
     ["pool pool01.contoso.com, balancer: 'lb1' is not a host of group load_balancers; allowed: lb01, lb02; fix: "
     "write lb01"]),
    ("VIP equal to a member", {pool(POOL, "vip"): "10.1.0.12"},
     ["pool pool01.contoso.com, vip: 10.1.0.12 is an address of host fe02; allowed: an address that no host holds; "
     "fix: give the pool an address of its own"]),
    ("VIP used twice", {pool(DIRECTORS, "web_vip"): "10.1.0.100"},
     ["pool dir01.contoso.com, web_vip: 10.1.0.100 is used twice, also by pool pool01.contoso.com, vip; "
      "allowed: an address for one use; fix: correct one of the two"]),
    ("external web VIP on the web VIP", {pool(POOL, "external_web_vip"): "10.1.0.100"},
     ["pool pool01.contoso.com, external_web_vip: 10.1.0.100 is used twice, also by pool pool01.contoso.com, vip; "
      "allowed: an address for one use; fix: correct one of the two"]),
    ("monitoring port", {pool(POOL, "monitoring_port"): 0},
     [f"pool pool01.contoso.com, monitoring_port: 0 is not a port; allowed: {PORTS}"]),
    ("web name", {pool(POOL, "web_fqdn"): "web 01"},
     ["pool pool01.contoso.com, web_fqdn: 'web 01' is not a DNS name; allowed: labels of letters, digits and "
     "hyphens, with dots between"]),
    ("vendor is no mapping", {pool(POOL, "vendor"): ["snat"]},
     ["pool pool01.contoso.com, vendor: ['snat'] is not a mapping; allowed: a mapping with texts for keys"]),
    ("vendor option that the driver lacks", {pool(POOL, "vendor"): {"snat_pool": "x"}},
     ["pool pool01.contoso.com, vendor.snat_pool: 'snat_pool' is not an option of haproxy; "
      f"allowed: {one_of(options_of('haproxy')) or 'none'}; fix: remove it"]),
    ("extra rules", {("gw01", "lync_extra_firewall_rules"): [
        {"name": "a", "protocol": "gre", "localport": "1"}, {"name": "b", "remoteip": "10.1.0.300"},
        {"localprt": 1, "protocol": "tcp"}]},
     ["host gw01, lync_extra_firewall_rules, rule a, protocol: 'gre' is not a protocol; allowed: any, icmpv4, "
     "icmpv6, tcp, udp, or a number 0 to 255",
      "host gw01, lync_extra_firewall_rules, rule b, remoteip: '10.1.0.300' is not an address, a network a/n or a "
      "range a-b; "
      "allowed: any, addresses, networks a/n, ranges a-b, CaptivePortal, DHCP, DNS, DefaultGateway, Internet, "
      "Intranet, LocalSubnet, Ply2Renders, "
      "RmtIntranet, WINS",
      "host gw01, lync_extra_firewall_rules, rule number 3, localprt: 'localprt' is not an option of a rule; "
      "allowed: action, description, direction, "
      "edge, enabled, group, icmp_type_code, interfaces, interfacetypes, localip, localport, name, profiles, "
      "program, protocol, remoteip, remoteport, "
      "security, service; fix: write localport",
      "host gw01, lync_extra_firewall_rules, rule number 3, name: the rule has no name; fix: name it: the name is "
      "what the rule is matched by"]),
    ("extra rules that no plan can hold", {("fe01", "lync_extra_firewall_rules"): [
        {"name": "Lync sip (TCP in)", "protocol": "tcp", "localport": "RPC,80", "remoteip": "LocalSubnet"}]},
     ["host fe01, lync_extra_firewall_rules, rule Lync sip (TCP in), localport: RPC: a plan holds no words; "
      "allowed: addresses, networks, ranges, ports; fix: write what the word stands for",
      "host fe01, lync_extra_firewall_rules, rule Lync sip (TCP in), name: names of this form are those of the "
      "plan's own rules; fix: choose another name",
      "host fe01, lync_extra_firewall_rules, rule Lync sip (TCP in), remoteip: LocalSubnet: a plan holds no words; "
      "allowed: addresses, networks, ranges, ports; fix: write what the word stands for"]),
    ("extra rules are no list", {("fe01", "lync_extra_firewall_rules"): {"name": "a"}},
     ["host fe01, lync_extra_firewall_rules: {'name': 'a'} is not a list; allowed: a list of mappings"]),
    ("management rule without networks",
     {("fe01", "lync_management_rule"): True, ("med01", "lync_management_rule"): "yes"},
     ["hosts fe01, med01, lync_management_rule: there is nobody to be admitted: lync_management_networks is not set; "
      "fix: set lync_management_networks for group all"]),
    ("vendor option of a balancer", {("lb01", "lync_balancer_vendor"): {"snat_pool": "x"}},
     ["host lb01, lync_balancer_vendor.snat_pool: 'snat_pool' is not an option of haproxy; "
      f"allowed: {one_of(options_of('haproxy')) or 'none'}; fix: remove it"]),
    ("a managed balancer of a pool without a driver", {("lb02", "lync_balancer_driver"): REMOVED},
     [f"host lb02, lync_balancer_driver: no driver, and the load balancer of {EDGES} is to be configured; "
      "allowed: f5_as3, haproxy, kemp, netscaler; "
      "fix: name the driver, or set lync_managed: false where somebody else configures it"]),
    ("options that no driver's module has",
     {("lb01", "lync_balancer_options"): {"password": "hunter2", "tenant": ["hunter2"]}},
     ["host lb01, lync_balancer_options: 'password' is not a key; "
      "allowed: authentication, config, peer, pid_file, prefix, schema, sync_group, tenant; fix: remove it",
      "host lb01, lync_balancer_options.tenant: a list is not a text; allowed: a text"]),
    ("policies that there are not", {("fe01", "lync_apply"): "handouts", ("all", "lync_firewall_state"): "deleted"},
     ["host fe01, lync_apply: 'handouts' is not a way to apply changes; allowed: direct, handout; fix: write handout",
      "hosts fe01, fe02, dir01 and 8 more, lync_firewall_state: 'deleted' is not a state; allowed: merged, "
      "overridden, replaced; fix: write one of them"]),
    ("a pair of two makes", {("lb02", "lync_balancer_driver"): "f5_as3", pool(POOL, "balancer"): ["lb01", "lb02"]},
     ["pool pool01.contoso.com, balancer: the internal balancers lb01, lb02 have drivers f5_as3 and haproxy; "
      "allowed: one driver for all units of a pair; fix: correct lync_balancer_driver"]),
    ("Standard Edition with a load balancer",
     {**SE, SE_POOL: {"role": "standard_edition", "load_balancing": "hlb", "balancer": "lb01", "vip": "10.3.0.100"}},
     [f"pool se01.contoso.com, {key}: a Standard Edition server cannot be load balanced; allowed: load_balancing: "
      f"none; fix: remove it, or use role frontend"
      for key in ("balancer", "load_balancing", "vip")]),
    ("Standard Edition of two servers",
     {**SE, SE_POOL: {"role": "standard_edition"}, ("se02", GROUPS): ("standard_edition",),
      ("se02", "ansible_host"): "10.3.0.12",
      ("se02", "lync_pool"): "se01.contoso.com"},
     ["pool se01.contoso.com: a Standard Edition pool is one server, this has 2; allowed: one member; fix: use role "
      "frontend"]),
    ("unknown backup pool", {pool(POOL, "backup_pool"): "pool02.contoso.com"},
     [f"pool pool01.contoso.com, backup_pool: there is no pool 'pool02.contoso.com'; allowed: {DIRECTORS}, {EDGES}, "
     f"{MEDIATION}; fix: name another pool"]),
    ("backup of itself", {pool(POOL, "backup_pool"): POOL},
     [f"pool pool01.contoso.com, backup_pool: a pool cannot back itself up; allowed: {DIRECTORS}, {EDGES}, "
     f"{MEDIATION}; fix: name another pool"]),
    ("backup pool that is not mutual",
     {**SE, SE_POOL: {"role": "standard_edition"}, pool(POOL, "backup_pool"): "se01.contoso.com"},
     ["pool pool01.contoso.com, backup_pool: pool se01.contoso.com does not name this pool as its backup, and a "
      "backup is mutual; "
      f"fix: set backup_pool: {POOL} for pool se01.contoso.com"]),
    ("unknown SQL server", {pool(POOL, "sql"): {"hosts": ["sql01"], "port": 1433}},
     ["pool pool01.contoso.com, sql.hosts: there is no host 'sql01'; "
      "allowed: hosts of the inventory, as of group back_end; fix: add the host to group back_end"]),
    ("file server without a role", {pool(POOL, "file_share"): {"hosts": "other"}},
     ["pool pool01.contoso.com, file_share.hosts: host 'other' plays no role; allowed: hosts of the inventory, as of "
     "group file_servers; "
      "fix: add the host to group file_servers"]),
    ("SQL without hosts", {pool(POOL, "sql"): {"port": 1433}},
     ["pool pool01.contoso.com, sql: {'port': 1433} names no hosts; allowed: names of the inventory; fix: add hosts: "
     "[NAME]"]),
    ("SQL with an unknown key", {pool(POOL, "sql"): {"hosts": "fe01", "prot": 1433}},
     ["pool pool01.contoso.com, sql: 'prot' is not a key; allowed: hosts, port, instance, mirror, "
      "mirror_port, witness, witness_port, listener, reports; fix: write port"]),
    ("witness without a mirror", {pool(POOL, "sql"): {"hosts": "fe01", "witness": "fe02"}},
     ["pool pool01.contoso.com, sql.witness: there is a witness and no mirror; allowed: a witness of two copies; fix: "
      "name the mirror"]),
    ("mirroring in a version without it", {pool(POOL, "sql"): {"hosts": "fe01", "mirror": "fe02"}},
     ["pool pool01.contoso.com, sql.mirror: version 2010 does not support it; allowed: versions 2013, 2015; fix: "
      "remove it"]),
    ("mirror of itself", {("all", "lync_version"): "2013",
                          pool(POOL, "sql"): {"hosts": "fe01", "mirror": "fe02", "witness": "fe01"}},
     ["pool pool01.contoso.com, sql: a server stands twice among hosts, mirror and witness: fe01, fe01, fe02; "
      "allowed: one part for each server; fix: remove it once"]),
    ("listener without a name", {("all", "lync_version"): "2015",
                                 pool(POOL, "sql"): {"hosts": "fe01", "listener": {"address": "10.1.0.99"}}},
     ["pool pool01.contoso.com, sql.listener: the listener has no name; allowed: keys name, address, port; fix: add "
      "name"]),
    ("mirror and listener", {("all", "lync_version"): "2015",
                             pool(POOL, "sql"): {"hosts": "fe01", "mirror": "fe02",
                                                 "listener": {"name": "ag.contoso.com", "address": "10.1.0.99"}}},
     ["pool pool01.contoso.com, sql: mirror and listener exclude each other; allowed: mirroring, or AlwaysOn with its "
      "listener; fix: remove one"]),
    ("balancer before a Persistent Chat pool",
     {("all", "lync_version"): "2013", ("pc01", GROUPS): ("persistent_chat",), ("pc01", "ansible_host"): "10.1.0.52",
      ("pc01", "lync_pool"): "pc.contoso.com",
      pool("pc.contoso.com", "role"): "persistent_chat", pool("pc.contoso.com", "load_balancing"): "hlb"},
     ["pool pc.contoso.com, balancer: load_balancing is hlb and the internal side has no balancer; allowed: lb01, "
      "lb02; fix: name a host of group load_balancers",
      "pool pc.contoso.com, load_balancing: a pool of role persistent_chat cannot have load_balancing hlb; allowed: "
      "dns, none; fix: write one of them"]),
    ("unknown central management pool", {("all", "lync_central_management_pool"): "pool1.contoso.com"},
     [f"lync_central_management_pool: there is no pool 'pool1.contoso.com'; allowed: {POOLS}; fix: write {POOL}"]),

    ("Edge without an internal address", {("edge02", "ansible_host"): REMOVED},
     ["host edge02, lync_internal_address: the Edge Server has no internal address; allowed: IPv4 or IPv6 addresses; "
      "fix: set lync_internal_address or ansible_host"]),
    ("name in ansible_host of an Edge", {("edge02", "ansible_host"): "edge02"},
     ["host edge02, lync_internal_address: ansible_host is 'edge02', not an address, and lync_internal_address is "
     "not set; "
      "allowed: IPv4 or IPv6 addresses; fix: set lync_internal_address; names are not resolved"]),
    ("Edge without external addresses", {("edge02", "lync_external_addresses"): REMOVED},
     ["host edge02, lync_external_addresses: an Edge Server needs an external address for access, web_conferencing, "
     "av; "
      "allowed: keys access, web_conferencing, av; fix: add what its network cards hold"]),
    ("Edge without one external address", {("edge02", "lync_external_addresses", "av"): REMOVED},
     ["host edge02, lync_external_addresses: an Edge Server needs an external address for av; "
      "allowed: keys access, web_conferencing, av; fix: add what its network cards hold"]),
    ("Edge with one address on both sides", {("edge02", "lync_external_addresses", "av"): "10.2.0.22"},
     ["host edge02, lync_external_addresses: 10.2.0.22 is both an internal and an external address; allowed: two "
     "networks; "
      "fix: correct lync_internal_address or lync_external_addresses"]),
    ("two services on an address and port", {("edge02", "lync_external_addresses", "av"): "203.0.113.22"},
     ["host edge02, lync_external_addresses.av: 203.0.113.22 port 443 is also that of host edge02, "
     "lync_external_addresses.access; "
      "allowed: one service for an address and port; fix: give each service its own address, or its own port in "
      "lync_edge_ports"]),
    ("a service with two Edges", {
        pool(EDGES, "load_balancing"): "dns", pool(EDGES, "vip"): REMOVED, pool(EDGES, "external_vips"): REMOVED,
        **{(name, "lync_external_nat_addresses"): {"av": "198.51.100.1"} for name in ("edge01", "edge02")}},
     ["host edge02, lync_external_nat_addresses.av: 198.51.100.1 port 443 is also that of host edge01, "
     "lync_external_nat_addresses.av; "
      "allowed: one service for an address and port; fix: give each service its own address, or its own port in "
      "lync_edge_ports"]),
    ("unknown external service", {("edge02", "lync_external_addresses", "acess"): "203.0.113.99"},
     ["host edge02, lync_external_addresses: 'acess' is not a key; allowed: access, web_conferencing, av; fix: write "
     "access"]),
    ("Edge VIPs on one address and port", {pool(EDGES, "external_vips", "av"): "203.0.113.10"},
     ["pool edge01.contoso.com, external_vips.av: 203.0.113.10 port 443 is also that of pool edge01.contoso.com, "
     "external_vips.access; "
      "allowed: one service for an address and port; fix: give each service its own address, or its own port in "
      "lync_edge_ports"]),
    ("Edge pool without an external VIP", {pool(EDGES, "external_vips", "av"): REMOVED},
     ["pool edge01.contoso.com, external_vips: load_balancing is hlb and there is no VIP for av; "
      "allowed: keys access, web_conferencing, av; fix: add the VIPs of the external services"]),
    ("Edge port", {("edge01", "lync_edge_ports"): {"access": "https"}, ("edge02", "lync_edge_ports"): {"access": 443}},
     [f"host edge01, lync_edge_ports.access: 'https' is not a port; allowed: {PORTS}"]),
    ("Edges of different ports", {("edge02", "lync_external_addresses"): ONE_ADDRESS},
     ["pool edge01.contoso.com, lync_edge_ports: hosts edge01 and edge02 differ: access 443, web_conferencing 443, "
     "av 443 and "
      "access 5061, web_conferencing 444, av 443; allowed: one value within a pool; fix: set lync_edge_ports once "
      "for the pool"]),
    ("Edge pool of 13 servers", edges(range(3, 14)),
     ["pool edge01.contoso.com: an Edge pool of 13 servers is not supported; allowed: 1 to 12; fix: make two pools "
     "of it"]),
    ("translation and hardware load balancing", {("edge02", "lync_external_nat_addresses"): {"av": "198.51.100.1"}},
     ["pool edge01.contoso.com, load_balancing: load_balancing is hlb and host edge02 has "
     "lync_external_nat_addresses, which exclude each other; "
      "allowed: dns with translated addresses, hlb with public ones; fix: write dns, or remove "
      "lync_external_nat_addresses"]),

    ("DNS server without zones", {("all", "lync_dns_servers"): [{"address": "10.1.0.93"}]},
     ["lync_dns_servers[0]: the server has no zones; fix: add zones"]),
    ("all that can be wrong with DNS servers", {("all", "lync_dns_servers"): [
        {"address": "10.1.0.0/24", "zones": ["-"], "port": 0, "key_name": "lync", "key_algorithm": "md5"},
        {"zones": ["contoso.com"], "key_secret": "hush!"}, "hush!",
        {"address": "10.1.0.93", "zones": ["contoso.com"], "key_name": "lync", "key_secret": ["hush!"],
         "windows_host": "fe01"}]},
     ["lync_dns_servers[0]: the TSIG key has no key_secret; allowed: key_name and key_secret, or neither; fix: add "
     "key_secret",
      "lync_dns_servers[0].address: '10.1.0.0/24' is not an address; allowed: an IPv4 or IPv6 address",
      "lync_dns_servers[0].key_algorithm: 'md5' is not an algorithm of TSIG; "
      "allowed: hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512; fix: write one of them",
      "lync_dns_servers[0].port: 0 is not a port; allowed: 1 to 65535",
      "lync_dns_servers[0].zones[0]: '-' is not a DNS name; allowed: labels of letters, digits and hyphens, with "
      "dots between",
      "lync_dns_servers[1]: the TSIG key has no key_name; allowed: key_name and key_secret, or neither; fix: add "
      "key_name",
      "lync_dns_servers[1]: the server has no address; fix: add address",
      "lync_dns_servers[1].key_secret: the secret is not base64; allowed: the secret of the TSIG key in base64, as "
      "tsig-keygen prints it",
      "lync_dns_servers[2]: a str is not a mapping; "
      "allowed: a mapping with keys of: address, zones, view, port, key_name, key_algorithm, key_secret, "
      "kerberos_principal, kerberos_password, kerberos_keytab, kerberos_server, windows_host",
      "lync_dns_servers[3]: the server has windows_host and a TSIG key, and is written in one way only; "
      "allowed: one of them; fix: for a zone of Active Directory keep windows_host or the keys kerberos_*, else the "
      "TSIG key",
      "lync_dns_servers[3].key_secret: the secret is not a text; allowed: the secret of the TSIG key in base64, as "
      "tsig-keygen prints it"]),
    ("DNS servers that differ show no secret", {
        ("fe01", "lync_dns_servers"): [{"address": "10.1.0.93", "zones": ["contoso.com"], "key_name": "lync",
                                        "key_secret": "aHVzaA=="}],
        ("fe02", "lync_dns_servers"): []},
     ["hosts fe01 and fe02, lync_dns_servers: the values differ; allowed: one value for the whole deployment; fix: "
     "set it once, for group all"]),
    ("a name of two pools",
     {pool(POOL, "web_fqdn"): "Web.contoso.com", pool(DIRECTORS, "web_fqdn"): "web.contoso.com"},
     ["pool dir01.contoso.com, web_fqdn: 'web.contoso.com' is also a name of pool pool01.contoso.com; "
      "allowed: a name for one pool in each view; fix: give each pool names of its own"]),
    ("names of an Edge's services elsewhere", {pool(POOL, "external_fqdns"): {"access": "sip.contoso.com"}},
     ["pool pool01.contoso.com, external_fqdns: a pool of role frontend has no external_fqdns; allowed: pools of "
     "role edge; fix: remove it"]),
    ("DNS servers are a list", {("all", "lync_dns_servers"): {"key_secret": "aHVzaA=="}},
     ["lync_dns_servers: a dict is not a list; allowed: a list of mappings"]),
    ("DNS server with a bad view",
     {("all", "lync_dns_servers"): [{"address": "10.1.0.93", "zones": "contoso.com", "view": "inside"}]},
     ["lync_dns_servers[0].view: 'inside' is not a view; allowed: external, internal; fix: write one of them"]),
    ("DNS on an unknown host",
     {("all", "lync_dns_servers"): [{"address": "10.1.0.93", "zones": ["contoso.com"], "windows_host": "dc01"}]},
     ["lync_dns_servers[0].windows_host: there is no host 'dc01'; allowed: names of the inventory; fix: add the host "
      "to the inventory"]),
    ("DNS servers with an unknown key",
     {("all", "lync_dns_servers"): [{"address": "10.1.0.93", "zones": ["contoso.com"], "vew": "internal"}]},
     ["lync_dns_servers[0]: 'vew' is not a key; allowed: address, zones, view, port, key_name, key_algorithm, "
      "key_secret, kerberos_principal, kerberos_password, kerberos_keytab, kerberos_server, windows_host; fix: write "
      "view"]),
    ("all that can be wrong with a domain account", {("all", "lync_dns_servers"): [
        {"address": "10.1.0.7", "zones": ["contoso.com"], "kerberos_principal": "svc", "kerberos_password": ["hush!"]},
        {"address": "10.1.0.7", "zones": ["contoso.com"], "kerberos_server": "dc01.contoso.com"},
        {"address": "10.1.0.7", "zones": ["contoso.com"], "kerberos_server": "dc01.contoso.com", "key_name": "lync",
         "key_secret": "aHVzaA==", "kerberos_principal": "svc@CONTOSO.COM", "kerberos_password": "hush!",
         "kerberos_keytab": "/etc/svc.keytab"}]},
     ["lync_dns_servers[0]: the domain account has no kerberos_server; fix: add kerberos_server",
      "lync_dns_servers[0].kerberos_password: the password is not a text; allowed: the password of the domain "
      "account, in a vault, in quotation marks",
      "lync_dns_servers[0].kerberos_principal: 'svc' is not a Kerberos principal; allowed: an account and its realm, "
      "as svc-lync-dns@CONTOSO.COM; fix: add the realm: of Active Directory the name of the domain in capital letters",
      "lync_dns_servers[1]: the domain account has neither of kerberos_password and kerberos_keytab; allowed: one of "
      "the two; fix: add one",
      "lync_dns_servers[1]: the domain account has no kerberos_principal; fix: add kerberos_principal",
      "lync_dns_servers[2]: the domain account has both of kerberos_password and kerberos_keytab; allowed: one of the "
      "two; fix: keep one",
      "lync_dns_servers[2]: the server has a TSIG key and a domain account, and is written in one way only; allowed: "
      "one of them; fix: for a zone of Active Directory keep windows_host or the keys kerberos_*, else the TSIG key"]),
    ("simple URL", {("all", "lync_simple_urls"): {"meet": "ftp://meet"}},
     ["lync_simple_urls.meet: 'ftp://meet' is not a URL; allowed: https://HOST, https://HOST/PATH"]),
    ("IPsec mode", {("all", "lync_ipsec"): "on"},
     ["lync_ipsec: 'on' is not a mode; allowed: auto, false, true; fix: write one of them"]),
    ("IPsec ports", {("all", "lync_ipsec_ports"): "all"},
     ["lync_ipsec_ports: 'all' is not a choice; allowed: any, media; fix: write one of them"]),
    ("extra rows", {("all", "lync_extra_rows"): {"id": "x"}},
     ["lync_extra_rows: {'id': 'x'} is not a list; allowed: a list of mappings"]),
    ("row overrides", {("all", "lync_row_overrides"): ["enabled"]},
     ["lync_row_overrides[0]: 'enabled' is not a mapping; allowed: a mapping with texts for keys"]),
]  # fmt: skip


def errors_of(changes: Mapping[Path, object]) -> list[str]:
    """Return the texts of all errors of the sample with these changes."""
    with pytest.raises(InvalidInputError) as caught:
        read_topology(changed(changes))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("changes", "expected"), [pytest.param(changes, expected, id=name) for name, changes, expected in CASES]
)
def test_error_names_place_value_allowed_and_fix(changes: Mapping[Path, object], expected: list[str]) -> None:
    assert errors_of(changes) == expected


def test_all_errors_are_reported_together() -> None:
    """Errors of values, of hosts, of pools, of Edges and of names, in one list."""
    names = (
        "unknown version",
        "same address on two hosts",
        "VIP used twice",
        "Edge without one external address",
        "unknown variable",
        "simple URL",
    )
    cases = {name: (changes, expected) for name, changes, expected in CASES}
    changes = {path: value for name in names for path, value in cases[name][0].items()}
    assert sorted(errors_of(changes)) == sorted(error for name in names for error in cases[name][1])


def test_values_that_hold_themselves() -> None:
    """A YAML anchor may stand inside what it names."""
    one: list[object] = []
    other: list[object] = []
    one.append(one)
    other.append(other)
    assert errors_of({("fe01", "lync_sip_domains"): one, ("fe02", "lync_sip_domains"): other}) == [
        "hosts fe01 and fe02, lync_sip_domains: the values differ: [[...]] and [[...]]; "
        "allowed: one value for the whole deployment; fix: set it once, for group all",
        "lync_sip_domains[0]: [[...]] is not a DNS name; allowed: labels of letters, digits and hyphens, with dots "
        "between",
    ]


def test_report_counts_the_errors() -> None:
    with pytest.raises(InvalidInputError, match=r"^2 errors in the input:\n  - host gw01"):
        read_topology(changed({("gw01", "lync_version"): 1, ("gw01", "lync_site"): []}))


def test_every_check_finds_something(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that no case reaches would be one that nobody has seen at work."""
    found: set[str] = set()

    def watched(check: Check) -> Check:
        def run(draft: Draft) -> Iterator[Problem]:
            problems = list(check(draft))
            found.update([check.__name__] if problems else [])
            yield from problems

        return run

    monkeypatch.setattr(read, "ERROR_CHECKS", tuple(watched(check) for check in ERROR_CHECKS))
    for _name, changes, _expected in CASES:
        errors_of(changes)
    assert found == {check.__name__ for check in ERROR_CHECKS}
