# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A topology of 2019 with all that no public sample has: two paired pools, one with mirrored databases, Directors, a
pool of Mediation Servers, a branch, a trusted application, gateways, Edge Servers with an address per service.
"""

from __future__ import annotations

from tests.simulators.topologies import Document, Interface, Port, Service

NAME = "topology.xml"
SERVICES = ("access", "web_conferencing", "av")


def everything(version: int = 8) -> Document:
    """Return the topology; version 7 where mirroring is to be one that the product supports."""
    document = Document(
        sip_domains=["woodgrove.com", "bank.example"],
        simple_urls={"meet": ["https://meet.woodgrove.com"], "dialin": ["https://dialin.woodgrove.com"], "admin": []},
        sites={1: ("Main", 0), 2: ("Branch", 1)},
    )
    mediation = _front_ends(document, version)
    _others(document, version, mediation)
    edges = {f"edge0{number}.woodgrove.com": _edge_cards(number) for number in (1, 2)}
    document.edge(
        document.cluster("edge.woodgrove.com", edges), version, dict.fromkeys(SERVICES, 443),
        {name: f"{name.replace('_', '')}.woodgrove.com" for name in SERVICES},
        {"access": 2, "web_conferencing": 3, "av": 1}, ["federation"],
    )  # fmt: skip
    return document


def _edge_cards(number: int) -> tuple[Interface, ...]:
    outside = [f"198.51.100.{10 * place + number}" for place in (1, 2, 3)]
    return (
        Interface("Internal", f"10.4.0.{number}"),
        Interface("External", outside[0], 1, f"203.0.113.{number}"),
        Interface("External", outside[1], 2),
        Interface("External", outside[2], 3),
    )


def _front_ends(document: Document, version: int) -> list[Service]:
    registrars, mediation = [], []
    for number in (1, 2):
        servers = [f"fe{number}{place}.woodgrove.com" for place in (1, 2)]
        pool = document.cluster(f"pool0{number}.woodgrove.com", servers)
        sql = document.cluster(f"sql{number}1.woodgrove.com")
        store = document.store("UserStore", sql, version, "RTC" if number == 2 else "")
        share = document.share(document.cluster(f"fs0{number}.woodgrove.com"), version)
        registrar = document.front_end(
            pool, version, store=store, share=share, applications=("Caa", "Cas", "testbot", "PDP"),
            mobility=False, external=f"webext0{number}.woodgrove.com", internal=f"web0{number}.woodgrove.com",
        )  # fmt: skip
        registrars.append(registrar)
        mediation.append(document.mediation(pool, version, tcp=True))
        if number == 1:
            partner = document.cluster("sql12.woodgrove.com")
            users = next(one for one in document.services if one.role == "UserServices" and one.cluster is pool)
            users.needs.append((document.store("UserStore", partner, version), document.mirror_usage))
            document.central_management(pool, version)
    registrars[0].needs.append((registrars[1], document.backup_usage))
    registrars[1].needs.append((registrars[0], document.backup_usage))
    return mediation


def _others(document: Document, version: int, mediation: list[Service]) -> None:
    directors = document.cluster("dir.woodgrove.com", ["dir01.woodgrove.com", "dir02.woodgrove.com"])
    document.director(directors, version, external="webextdir.woodgrove.com")
    pool = document.cluster("med.woodgrove.com", ["med01.woodgrove.com", "med02.woodgrove.com"])
    mediation.append(document.mediation(pool, version))
    branch = document.cluster("sba01.woodgrove.com", site=2)
    mediation.append(document.branch(branch, version))
    document.gateway(document.cluster("gw01.woodgrove.com"), version, [5067], mediation[:2])
    document.gateway(document.cluster("10.8.0.9", site=2), version, [5061, 5062], mediation[3:])
    applications = document.cluster("app.woodgrove.com", ["app01.woodgrove.com"])
    document.service("ExternalServer", applications, version, Port("urn:application:recorder", "SipServer", 6000))
    document.office(document.cluster("office.woodgrove.com"), version, "office.woodgrove.com")


def small(version: int = 7) -> Document:
    """Return one Standard Edition server with its own database and share."""
    document = Document(sip_domains=["contoso.com"])
    server = document.cluster("se01.contoso.com", ["se01.contoso.com"])
    store, share = document.store("UserStore", server, version, "rtc"), document.share(server, version)
    document.front_end(server, version, store=store, share=share, external="webext.contoso.com")
    return document
