/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* ICMP errors, which pass with the connection that they are about and not otherwise. */
#ifndef RELATED_H
#define RELATED_H

#include "decide.h"
#include "deliver.h"
#include "service.h"

static __always_inline bool same_ipv4(const union address *a, const union address *b)
{
	return a->words_be[3] == b->words_be[3];
}

/*
 * The connection that an error is about, if its verdict stands and lets it pass: who is told of it
 * is who sent the packet inside. An error for a void verdict is dropped: the connection's next
 * packet brings a new verdict, and the one after that, if it has to be, the error again.
 */
static __always_inline struct conntrack *related_connection(struct __sk_buff *skb, struct packet *p,
							    const struct endpoint *self, __u32 id,
							    const struct endpoint **peer)
{
	struct tuple inner = {};
	struct conntrack_key key;
	struct conntrack *connection;

	if (parse_inner(skb, p->ip_header_length, &inner) ||
	    !same_ipv4(&inner.source, &p->tuple.destination)) {
		p->detail = DETAIL_ICMP_INNER;
		return NULL;
	}
	/* A pod is an end, never a router: it can only tell of what was sent to itself. */
	if (!p->to_pod && !same_ipv4(&inner.destination, &p->tuple.source)) {
		p->detail = DETAIL_ICMP_INNER;
		return NULL;
	}
	p->detail = DETAIL_ICMP_UNRELATED;
	bool inner_source_is_hi = make_key(&inner, &key);
	bool self_is_hi = p->to_pod ? inner_source_is_hi : !inner_source_is_hi;
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!connection || connection->expires <= p->now)
		return NULL;
	__u64 decided = *(volatile __u64 *)&connection->decided;
	if (!stands(connection, decided, self_is_hi, id, self, peer) || !passes(decided))
		return NULL;
	if (connection->flags & CONNTRACK_SERVICE) {
		p->service = connection->service;
		p->answers = !is_reply(connection, inner_source_is_hi);
	}
	/* The error goes against the inner packet: its source is the inner destination. */
	set_ends(p, connection, !inner_source_is_hi);
	if (!same_ipv4(&inner.destination, &p->tuple.source)) { /* from a router in between */
		find_remote(p->tuple.source.words_be[3], &p->from);
	}
	p->detail = DETAIL_NONE;
	return connection;
}

/*
 * An error about what a client sent to a service is about the service's address, and comes from
 * there if it came from the backend: 0, or a drop reason. The inner address and the inner header's
 * checksum even each other out in ICMP's.
 */
VERIFIED_ONCE int error_by_frontend(struct __sk_buff *skb, struct packet *p,
				    const struct conntrack *connection)
{
	__be32 backend_be, frontend_be;
	__be16 port_be, frontend_port_be;
	struct iphdr *inner;
	struct ports *ports;

	if (!p || !connection)
		return DROP_INVALID_PACKET;
	__u32 icmp = ETH_HLEN + (p->ip_header_length & 0x3c);
	__u32 inner_at = icmp + sizeof(struct icmphdr);
	inner = data_of(skb) + inner_at;
	ports = (void *)(inner + 1);
	if ((void *)(ports + 1) > end_of(skb) || inner->ihl != 5)
		return DROP_INVALID_PACKET;
	/* A pod that calls itself is told nothing: it knows no such packet. */
	if (p->tuple.destination.words_be[3] == bpf_htonl(SERVICE_LOOPBACK))
		return DROP_NO_CONNECTION;
	backend_be = inner->daddr;
	port_be = ports->destination_be;
	frontend_be = connection->frontend.words_be[3];
	frontend_port_be = connection->frontend_port_be;
	__u32 port_at = inner_at + sizeof(*inner) + DESTINATION_PORT_OFFSET;
	if (bpf_l4_csum_replace(skb, icmp + ICMP_CHECK_OFFSET, port_be, frontend_port_be, 2) ||
	    bpf_skb_store_bytes(skb, port_at, &frontend_port_be, 2, 0) ||
	    bpf_l3_csum_replace(skb, inner_at + IP_CHECK_OFFSET, backend_be, frontend_be, 4) ||
	    bpf_skb_store_bytes(skb, inner_at + IP_DESTINATION_OFFSET, &frontend_be, 4, 0))
		return DROP_INVALID_PACKET;
	if (p->tuple.source.words_be[3] != backend_be)
		return 0;
	if (bpf_l3_csum_replace(skb, ETH_HLEN + IP_CHECK_OFFSET, backend_be, frontend_be, 4) ||
	    bpf_skb_store_bytes(skb, ETH_HLEN + IP_SOURCE_OFFSET, &frontend_be, 4, 0))
		return DROP_INVALID_PACKET;
	return 0;
}

VERIFIED_ONCE int forward_error(struct __sk_buff *skb, struct packet *p)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	const struct endpoint *self = endpoint_at(id), *peer = NULL;
	const struct conntrack *connection;

	if (!p || !self)
		return TC_ACT_SHOT;
	connection = related_connection(skb, p, self, id, &peer);
	if (!connection)
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_EGRESS);
	if (connection->nat) /* the outside knows no such packet */
		return drop(skb, p, DROP_NAT_PROTOCOL, DIRECTION_EGRESS);
	__be32 tunnel_be = connection->tunnel_be;
	if ((peer || tunnel_be) && p->ttl <= 1)
		return drop(skb, p, DROP_TTL, DIRECTION_EGRESS);
	trace(skb, p, TRACE_RELATED);
	if (p->answers) {
		int reason = error_by_frontend(skb, p, connection);

		if (reason)
			return drop(skb, p, reason, DIRECTION_EGRESS);
	}
	if (peer)
		return deliver_to_endpoint(skb, p, peer);
	if (p->answers)
		return deliver_to_network(skb, p);
	if (tunnel_be)
		return deliver_to_overlay(skb, p, self->identity, tunnel_be);
	return deliver_to_stack(skb, p);
}

VERIFIED_ONCE int admit_error(struct __sk_buff *skb, struct packet *p)
{
	__u32 id = skb->ifindex - ENDPOINT_IFINDEX_BASE;
	const struct endpoint *self = endpoint_at(id), *peer = NULL;
	const struct conntrack *connection;

	if (!p || !self)
		return TC_ACT_SHOT;
	connection = related_connection(skb, p, self, id, &peer);
	if (!connection)
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	if (connection->tunnel_be) {
		p->detail = DETAIL_CLAIMS_POD;
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_INGRESS);
	}
	trace(skb, p, TRACE_RELATED);
	if (p->answers && error_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_here(skb, p, self);
}

#endif
