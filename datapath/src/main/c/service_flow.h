/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Connections that are translated packet by packet: which backend each has, by what its client
 * sends.
 *
 * INVARIANT: an entry of service_flow_map is written after its connection's entry and goes with
 * it, so there are never more of them than connections, whoever floods.
 */
#ifndef SERVICE_FLOW_H
#define SERVICE_FLOW_H

#include "maps.h"
#include "packet.h"

/* What is found out of a packet for a service. */
struct translation {
	struct service_flow_key key; /* the packet as its client sent it */
	struct service_flow flow;    /* its backend */
	struct service_key called;
	struct service_value service;
	struct affinity_key client;
};

/* The stack has no room for it. INVARIANT: as of conntrack_scratch. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct translation);
} translation_scratch SEC(".maps");

static __always_inline struct translation *translation(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&translation_scratch, &zero);
}

static __always_inline bool is_address(const union address *a, const union address *b)
{
	return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

/* What a connection that goes has in service_flow_map goes, too, unless another backend has taken
 * its place meanwhile. */
VERIFIED_ONCE int forget_flow(const struct conntrack *connection,
			      const struct conntrack_key *connection_key)
{
	struct service_flow_key key = {};
	const struct service_flow *flow;

	if (!connection || !connection_key)
		return 0;
	bool hi_is_client = connection->flags & CONNTRACK_HI_BEGAN;
	const union address *client = hi_is_client ? &connection_key->hi : &connection_key->lo;
	const union address *server = hi_is_client ? &connection_key->lo : &connection_key->hi;
	__be16 server_port_be =
	    hi_is_client ? connection_key->lo_port_be : connection_key->hi_port_be;
	key.client = client->words_be[3] == bpf_htonl(SERVICE_LOOPBACK) ? *server : *client;
	key.frontend = connection->frontend;
	key.client_port_be = hi_is_client ? connection_key->hi_port_be : connection_key->lo_port_be;
	key.frontend_port_be = connection->frontend_port_be;
	key.protocol = connection_key->protocol;
	key.network = connection_key->network;
	flow = bpf_map_lookup_elem(&service_flow_map, &key);
	if (!flow || flow->port_be != server_port_be || !is_address(&flow->address, server))
		return 0;
	return bpf_map_delete_elem(&service_flow_map, &key);
}

/* 0, or a drop reason: the map is full. */
VERIFIED_ONCE int remember_flow(void)
{
	struct translation *t = translation();

	if (!t || bpf_map_update_elem(&service_flow_map, &t->key, &t->flow, BPF_ANY))
		return DROP_CONNTRACK_FULL;
	return 0;
}

#endif
