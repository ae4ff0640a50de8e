/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Services that the outside calls at this node. A backend of this node sees who calls, and answers
 * by the device towards the outside. To one of another node the call goes on from this node's
 * address, by a port as a masqueraded pod has, and the answer comes back this way; that node's
 * policy sees the world.
 */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include "decide.h"
#include "deliver.h"
#include "related.h"
#include "service.h"

enum {
	NOT_OURS = -1, /* TC_ACT_UNSPEC: other programs and the stack go on */
	FOR_ANOTHER = -3,
	SOURCE_RANGE_FULL = 32 + 128,
	HASH_MULTIPLIER = 0x9e3779b1,
};

/* The same on all nodes for a connection. */
static __always_inline __u32 hash_of(const struct tuple *tuple)
{
	__u32 hash = tuple->source.words_be[3] * HASH_MULTIPLIER;

	hash = (hash ^ hash >> 15 ^ tuple->destination.words_be[3]) * HASH_MULTIPLIER;
	hash ^= hash >> 13 ^ ((__u32)tuple->source_port_be << 16 | tuple->destination_port_be);
	hash = (hash ^ tuple->protocol) * HASH_MULTIPLIER;
	return hash ^ hash >> 16;
}

static __always_inline bool in_source_ranges(const struct packet *p, __u32 service)
{
	struct source_range_key key = {
	    .prefix_length = SOURCE_RANGE_FULL,
	    .service = service,
	    .address = p->tuple.source,
	};

	return bpf_map_lookup_elem(&source_range_map, &key);
}

/* NO_SERVICE, TRANSLATED, or a drop reason: who serves what a packet from outside calls. */
VERIFIED_ONCE int find_outside(struct packet *p)
{
	struct translation *t = translation();
	const struct service_value *service;
	int reason;

	if (!p || !t)
		return NO_SERVICE;
	set_called(p, t, SCOPE_OUTSIDE);
	if (!may_begin(p) && stays_with(p, t, true)) {
		p->service = t->flow.service;
		return TRANSLATED;
	}
	service = bpf_map_lookup_elem(&service_map, &t->called);
	if (!service) {
		t->called.scope = SCOPE_CLUSTER;
		service = bpf_map_lookup_elem(&service_map, &t->called);
	}
	if (!service || !(service->flags & SERVICE_EXTERNAL))
		return NO_SERVICE;
	t->service = *service;
	p->service = t->service.service;
	if (t->service.flags & SERVICE_SOURCE_RANGES && !in_source_ranges(p, p->service))
		return DROP_SOURCE_RANGE;
	if (may_begin(p) && stays_with(p, t, !t->service.count))
		return TRANSLATED;
	reason = choose_backend(p, true, hash_of(&p->tuple));
	return reason ? reason : TRANSLATED;
}

/* Who sends: the outside, or another node or its pods where packets are routed. Who calls a
 * service from a node's address is not more than the world. */
static __always_inline int check_outsider(struct packet *p)
{
	int reason = resolve(p, &p->tuple.source, &p->from, DROP_UNKNOWN_SENDER);

	if (reason)
		return reason;
	if (p->from.id)
		return refuse(p, DROP_SOURCE_IP, DETAIL_CLAIMS_ENDPOINT);
	if (p->from.identity == IDENTITY_HOST)
		return refuse(p, DROP_SOURCE_IP, DETAIL_CLAIMS_HOST);
	if (p->service && p->from.flags & IPCACHE_NODE) {
		p->from.identity = IDENTITY_WORLD;
		p->from.peer = IDENTITY_WORLD;
		p->from.tunnel_be = 0;
	}
	if (p->from.tunnel_be)
		return refuse(p, DROP_SOURCE_IP, DETAIL_CLAIMS_POD);
	return 0;
}

/* Whether a call that goes on to another node is one of a connection as it was decided. */
static __always_inline bool still_passes(const struct conntrack *connection, const struct packet *p,
					 bool source_is_hi)
{
	if (!connection || connection->expires <= p->now || is_mixed(connection, p))
		return false;
	if (is_reply(connection, source_is_hi) || begins_anew(connection, p, false))
		return false;
	return connection->nat && !connection->lo_endpoint && !connection->hi_endpoint;
}

/* Remembers a call that goes on: as decide_packet. */
VERIFIED_ONCE int decide_passing(struct __sk_buff *skb, struct packet *p)
{
	__u64 revision = current_revision();
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	reason = check_outsider(p);
	if (!reason)
		find_remote(p->tuple.destination.words_be[3], &p->to);
	/* The node itself would answer past us. */
	if (!reason && (!p->to.identity || p->to.identity == IDENTITY_HOST))
		reason = DROP_NO_BACKEND;
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	p->to_pod = true;
	return decide_packet(skb, p, revision, true);
}

/* The call in the packet, whose tuple is already what the backend's node sees of it but for the
 * sender, goes on. */
VERIFIED_ONCE int send_on(struct __sk_buff *skb, struct packet *p, __u32 port_be, __u32 tunnel_be)
{
	const struct translation *t = translation();
	union address node;
	struct iphdr *ip;

	if (!p || !t)
		return TC_ACT_SHOT;
	set_mapped(&node, config.node_be);
	if (change_end(skb, p, &t->key.frontend, &p->tuple.destination, t->key.frontend_port_be,
		       p->tuple.destination_port_be, true) ||
	    change_end(skb, p, &p->tuple.source, &node, p->tuple.source_port_be, port_be, false))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	if (!tunnel_be)
		return deliver_to_network(skb, p);
	ip = data_of(skb) + ETH_HLEN;
	if ((void *)(ip + 1) > end_of(skb))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	decrement_ttl(ip);
	return encapsulate(skb, p, IDENTITY_WORLD, tunnel_be);
}

/* A call from outside to a backend that is no pod of this node. */
VERIFIED_ONCE int pass_on(struct __sk_buff *skb, struct packet *p)
{
	const struct translation *t = translation();
	struct conntrack *connection;
	struct conntrack_key key;

	if (!p || !t)
		return TC_ACT_SHOT;
	p->tuple.destination = t->flow.address;
	p->tuple.destination_port_be = t->flow.port_be;
	bool source_is_hi = make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	bool stands = still_passes(connection, p, source_is_hi);
	if (connection && stands && connection->decided >> 8 >= remote_revision()) {
		__u32 told = observe(connection, p, skb->len, false);

		if (told)
			trace_standing(skb, p, connection, source_is_hi, told);
		return send_on(skb, p, connection->nat, connection->tunnel_be);
	}
	if (!stands) {
		int reason = find_port(skb, p);

		if (reason)
			return drop(skb, p, reason, DIRECTION_INGRESS);
	}
	if (decide_passing(skb, p) != TC_ACT_OK)
		return TC_ACT_SHOT;
	return send_on(skb, p, p->nat, p->to.tunnel_be);
}

/* What the outside sends to an address that no pod of this node has. TRANSLATED: it is for one of
 * them from here on; FOR_ANOTHER: for pass_on; else what becomes of it. */
VERIFIED_ONCE int serve_outside(struct __sk_buff *skb, struct packet *p)
{
	const struct translation *t = translation();
	int found;

	if (!p || !t || parse_ipv4(skb, p) || p->tuple.protocol == IPPROTO_ICMP)
		return NOT_OURS;
	if (p->tuple.protocol == IPPROTO_UDP &&
	    p->tuple.destination_port_be == config.tunnel_port_be)
		return NOT_OURS;
	p->now = bpf_ktime_get_coarse_ns();
	found = find_outside(p);
	if (found == NO_SERVICE)
		return NOT_OURS;
	if (found == TRANSLATED && p->ttl <= 1)
		found = DROP_TTL;
	if (found != TRANSLATED)
		return drop(skb, p, found, DIRECTION_INGRESS);
	if (!find_endpoint(t->flow.address.words_be[3]))
		return FOR_ANOTHER;
	found = send_to_backend(skb, p);
	return found ? drop(skb, p, found, DIRECTION_INGRESS) : TRANSLATED;
}

/* An ICMP error about a call that went on to another node, by now about what the caller sent but
 * for where to: it is told of the service that it called. */
VERIFIED_ONCE int error_outside(struct __sk_buff *skb, struct packet *p, __u32 nat, __u32 tunnel_be)
{
	struct tuple inner = {};
	const struct conntrack *connection;
	struct conntrack_key key;

	if (!p)
		return TC_ACT_SHOT;
	if (parse_inner(skb, p->ip_header_length, &inner) ||
	    !same_ipv4(&inner.source, &p->tuple.destination)) {
		p->detail = DETAIL_ICMP_INNER;
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	}
	bool source_is_hi = make_key(&inner, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!connection || connection->expires <= p->now ||
	    !answers_service(connection, !source_is_hi) || (__u16)connection->nat != (__u16)nat ||
	    connection->tunnel_be != tunnel_be) {
		p->detail = DETAIL_ICMP_UNRELATED;
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	}
	set_ends(p, connection, !source_is_hi);
	if (!same_ipv4(&inner.destination, &p->tuple.source)) /* from a router in between */
		find_remote(p->tuple.source.words_be[3], &p->from);
	p->service = connection->service;
	p->nat = connection->nat;
	trace(skb, p, TRACE_RELATED);
	if (error_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_network(skb, p);
}

/* What comes back to a port of this node's, and is for who called from outside by now. `tunnel_be`:
 * the node through whose overlay it came. */
VERIFIED_ONCE int answer_outside(struct __sk_buff *skb, struct packet *p, __u32 nat,
				 __u32 tunnel_be)
{
	struct conntrack *connection;
	struct conntrack_key key;
	__u32 told;

	if (!p || parse_ipv4(skb, p))
		return TC_ACT_SHOT;
	p->now = bpf_ktime_get_coarse_ns();
	if (is_icmp_error(p))
		return error_outside(skb, p, nat, tunnel_be);
	bool source_is_hi = make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!connection || connection->expires <= p->now ||
	    !answers_service(connection, source_is_hi) || (__u16)connection->nat != (__u16)nat ||
	    connection->tunnel_be != tunnel_be || begins_anew(connection, p, true))
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	told = observe(connection, p, skb->len, true);
	if (told)
		trace_standing(skb, p, connection, source_is_hi, told);
	if (answer_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_network(skb, p);
}

#endif
