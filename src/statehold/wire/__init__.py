"""The schemas of requests and replies, as Python objects and as JSON.

The server answers with these, the clients read them, and the studio's types are generated from
them. Times are RFC 3339 in UTC. Each module holds one kind: :mod:`statehold.wire.instances`,
:mod:`~statehold.wire.machines`, :mod:`~statehold.wire.journal`,
:mod:`~statehold.wire.operations`; :mod:`~statehold.wire.base` what all are made of.
"""
