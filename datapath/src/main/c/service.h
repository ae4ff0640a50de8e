/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Services of what no socket program has translated: virtual machines, and whoever else sends to a
 * service's address. The packet gets a backend's address and goes on as if it had been sent there,
 * so policy and conntrack see the backend; its answers come from the service's address.
 *
 * INVARIANT: two connections of a client never become one. Where the client has one to the same
 * port of a backend already, directly or by another service, another backend is taken, or none.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include "backend.h"
#include "conntrack.h"
#include "rewrite.h"
#include "service_flow.h"

enum {
	BACKENDS_TRIED = 8,
	NO_SERVICE = 0,
	TRANSLATED = -2, /* neither a drop reason nor one of TC_ACT_* */
};

static __always_inline bool may_begin(const struct packet *p)
{
	return p->tuple.protocol != IPPROTO_TCP || (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline void set_called(const struct packet *p, struct translation *t, __u8 scope)
{
	__builtin_memset(&t->key, 0, sizeof(t->key));
	__builtin_memset(&t->called, 0, sizeof(t->called));
	t->key.client = p->tuple.source;
	t->key.frontend = p->tuple.destination;
	t->key.client_port_be = p->tuple.source_port_be;
	t->key.frontend_port_be = p->tuple.destination_port_be;
	t->key.protocol = p->tuple.protocol;
	t->key.network = POD_NETWORK;
	t->called.address = p->tuple.destination;
	t->called.port_be = p->tuple.destination_port_be;
	t->called.protocol = p->tuple.protocol;
	t->called.scope = scope;
	t->called.network = POD_NETWORK;
}

/* Whether the backend that the client has had so far stays; only a TCP connection that stands
 * keeps one that is about to go, where it is not the only one. */
static __always_inline bool stays_with(const struct packet *p, struct translation *t, bool only_one)
{
	const struct service_flow *flow = bpf_map_lookup_elem(&service_flow_map, &t->key);
	const struct backend *backend;

	if (!flow)
		return false;
	backend = backend_at(flow->backend, flow->generation);
	if (!backend || (backend->flags & BACKEND_TERMINATING && may_begin(p) && !only_one))
		return false;
	t->flow = *flow;
	return true;
}

/* What the packet becomes. A pod that calls itself sees another caller than itself, which it would
 * not answer. */
static __always_inline void set_translated(const struct packet *p, const struct service_flow *flow,
					   struct tuple *tuple)
{
	*tuple = p->tuple;
	tuple->destination = flow->address;
	tuple->destination_port_be = flow->port_be;
	if (is_address(&flow->address, &p->tuple.source))
		set_mapped(&tuple->source, bpf_htonl(SERVICE_LOOPBACK));
}

/* Whether the client has another connection with that backend's port. */
static __always_inline bool is_taken(const struct packet *p, const struct translation *t)
{
	const struct conntrack *other;
	struct conntrack_key key;
	struct tuple tuple;

	set_translated(p, &t->flow, &tuple);
	make_key(&tuple, &key);
	other = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!other || other->expires <= p->now || other->tcp_state == CONNTRACK_CLOSED)
		return false;
	return !(other->flags & CONNTRACK_SERVICE) || other->service != t->service.service;
}

/* 1: the packet's connection may have this backend, which is in the translation. */
VERIFIED_ONCE int consider(struct packet *p, __u32 number)
{
	struct translation *t = translation();
	const struct backend *backend = bpf_map_lookup_elem(&backend_map, &number);

	if (!p || !t || !backend || backend->protocol != p->tuple.protocol)
		return 0;
	/* SCTP's checksum is over its ports, and too dear to be made anew. */
	if (p->tuple.protocol == IPPROTO_SCTP && backend->port_be != p->tuple.destination_port_be)
		return 0;
	t->flow.address = backend->address;
	t->flow.port_be = backend->port_be;
	t->flow.backend = number;
	t->flow.generation = backend->generation;
	t->flow.service = t->service.service;
	t->flow.reserved = 0;
	if (is_taken(p, t)) {
		p->detail = DETAIL_SERVICE_TAKEN;
		return 0;
	}
	if (!p->traced)
		keep_affinity(&t->client, &t->service, number, backend->generation, p->now);
	return 1;
}

/* Gives the packet's connection a backend: 0, or a drop reason. `hash`: of what comes from
 * outside, which other nodes give the same backend. */
VERIFIED_ONCE int choose_backend(struct packet *p, __u32 outside, __u32 hash)
{
	struct translation *t = translation();
	__u32 first, size, number;

	if (!p || !t || !t->service.count)
		return DROP_NO_BACKEND;
	outside = outside && t->service.maglev_size;
	first = outside ? t->service.maglev_first : t->service.first;
	size = outside ? t->service.maglev_size : t->service.count;
	if (!outside)
		hash = bpf_get_prandom_u32();
	__builtin_memset(&t->client, 0, sizeof(t->client));
	t->client.client = p->tuple.source;
	t->client.service = t->service.service;
	number = number_by_affinity(&t->client, &t->service, p->now);
	if (number && consider(p, number))
		return 0;
	for (__u32 i = 0; i < BACKENDS_TRIED; i++) {
		number = number_in(first, size, hash + i);
		if (number && consider(p, number)) {
			p->detail = DETAIL_NONE;
			return 0;
		}
	}
	return DROP_NO_BACKEND;
}

/* Whether the sender answers for the service's local redirect, and is not redirected by it. */
VERIFIED_ONCE int skips_redirect(const struct packet *p, __u32 service)
{
	struct redirect_skip_key key = {.service = service};

	if (!p)
		return 0;
	key.client = p->tuple.source;
	return !!bpf_map_lookup_elem(&redirect_skip_map, &key);
}

/* NO_SERVICE, TRANSLATED, or a drop reason: who serves what a packet of this node's pods calls. */
VERIFIED_ONCE int find_backend(struct packet *p)
{
	struct translation *t = translation();
	const struct service_value *service;
	int reason;

	if (!p || !t)
		return NO_SERVICE;
	set_called(p, t, SCOPE_CLUSTER);
	if (!may_begin(p) && stays_with(p, t, true)) {
		p->service = t->flow.service;
		return TRANSLATED;
	}
	service = bpf_map_lookup_elem(&service_map, &t->called);
	if (service && service->flags & SERVICE_SKIPPED && skips_redirect(p, service->service)) {
		t->called.scope = SCOPE_UNREDIRECTED;
		service = bpf_map_lookup_elem(&service_map, &t->called);
	}
	if (!service)
		service = service_at_other_node(&t->called);
	if (!service)
		return NO_SERVICE;
	t->service = *service;
	p->service = t->service.service;
	if (may_begin(p) && stays_with(p, t, !t->service.count))
		return TRANSLATED;
	reason = choose_backend(p, false, 0);
	return reason ? reason : TRANSLATED;
}

/* Changes one end, where it changes. */
static __always_inline int change_end(struct __sk_buff *skb, const struct packet *p,
				      const union address *from, const union address *to,
				      __be16 from_port_be, __be16 to_port_be, bool destination)
{
	struct rewrite change = {
	    .from_be = from->words_be[3],
	    .to_be = to->words_be[3],
	    .from_port_be = from_port_be,
	    .to_port_be = to_port_be,
	    .protocol = p->tuple.protocol,
	    .destination = destination,
	};

	return rewrite_end(skb, &change, ETH_HLEN + p->ip_header_length);
}

/* The packet, and what is known of it, goes to the backend from here on. */
VERIFIED_ONCE int send_to_backend(struct __sk_buff *skb, struct packet *p)
{
	struct translation *t = translation();
	struct tuple tuple;

	if (!p || !t)
		return DROP_NO_BACKEND;
	set_translated(p, &t->flow, &tuple);
	if (change_end(skb, p, &p->tuple.destination, &tuple.destination,
		       p->tuple.destination_port_be, tuple.destination_port_be, true))
		return DROP_INVALID_PACKET;
	if (!is_address(&p->tuple.source, &tuple.source) &&
	    change_end(skb, p, &p->tuple.source, &tuple.source, p->tuple.source_port_be,
		       p->tuple.source_port_be, false))
		return DROP_INVALID_PACKET;
	p->tuple = tuple;
	return 0;
}

/* Translates a packet of this node's pods, if it calls a service: as find_backend. */
static __always_inline int to_backend(struct __sk_buff *skb, struct packet *p)
{
	int found = find_backend(p), reason;

	if (found != TRANSLATED)
		return found;
	reason = send_to_backend(skb, p);
	return reason ? reason : TRANSLATED;
}

/*
 * An answer goes to who called the service by the service's address: 0, or a drop reason.
 * INVARIANT: the connection is the packet's, and has CONNTRACK_SERVICE.
 */
VERIFIED_ONCE int answer_by_frontend(struct __sk_buff *skb, struct packet *p,
				     const struct conntrack *connection)
{
	union address frontend;
	__be16 port_be;

	if (!p || !connection)
		return DROP_INVALID_PACKET;
	frontend = connection->frontend;
	port_be = connection->frontend_port_be;
	if (p->tuple.destination.words_be[3] == bpf_htonl(SERVICE_LOOPBACK) &&
	    change_end(skb, p, &p->tuple.destination, &p->tuple.source,
		       p->tuple.destination_port_be, p->tuple.destination_port_be, true))
		return DROP_INVALID_PACKET;
	if (change_end(skb, p, &p->tuple.source, &frontend, p->tuple.source_port_be, port_be,
		       false))
		return DROP_INVALID_PACKET;
	return 0;
}

static __always_inline bool answers_service(const struct conntrack *connection, bool source_is_hi)
{
	return connection->flags & CONNTRACK_SERVICE && is_reply(connection, source_is_hi);
}

/* The same for an answer whose connection has just been decided anew. */
VERIFIED_ONCE int answer_decided(struct __sk_buff *skb, struct packet *p)
{
	const struct conntrack *connection;
	struct conntrack_key key;

	if (!p)
		return DROP_INVALID_PACKET;
	make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!connection || !(connection->flags & CONNTRACK_SERVICE))
		return DROP_NO_CONNECTION;
	return answer_by_frontend(skb, p, connection);
}

#endif
