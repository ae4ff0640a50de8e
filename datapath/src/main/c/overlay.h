/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Packets between nodes: VXLAN with the sender's identity as the VNI.
 *
 * Whom to believe. The outer source has to be a node of the cluster. Of its own pods a node says
 * the identity, also of those that this node knows nothing of yet. It is not believed of an
 * address that this node knows to be behind another one, here, or a node; nor an identity that
 * nobody tells of another node's pods. Of an address outside of the cluster this node itself
 * knows the identity best.
 */
#ifndef OVERLAY_H
#define OVERLAY_H

#include "decide.h"
#include "deliver.h"
#include "related.h"
#include "service.h"

static __always_inline bool is_pods(__u32 identity)
{
	return identity >= IDENTITY_FIRST_POD && identity < IDENTITY_LOCAL;
}

/* Of a pod whose identity its own node has told, and of whom nobody else has told us yet. */
static __always_inline void keep_believed(struct packet *p)
{
	struct conntrack_key key;
	bool source_is_hi = make_key(&p->tuple, &key);
	const struct conntrack *old;
	__u32 identity;

	if (p->to.flags & (IPCACHE_POD | IPCACHE_NODE) || p->to.identity == IDENTITY_HOST)
		return;
	old = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!old || !old->tunnel_be || old->expires <= p->now || !same_ends(old, p, source_is_hi) ||
	    (p->to.tunnel_be && p->to.tunnel_be != old->tunnel_be))
		return;
	identity = source_is_hi ? old->lo_identity : old->hi_identity;
	if (!is_pods(identity))
		return;
	p->to.identity = identity;
	p->to.peer = identity;
	p->to.tunnel_be = old->tunnel_be;
}

static __always_inline void count_disagreement(__u32 which)
{
	__u64 *count = bpf_map_lookup_elem(&disagreements, &which);

	if (count)
		++*count;
}

static __always_inline int disbelieve(struct packet *p, __u32 which, int reason, int detail)
{
	count_disagreement(which);
	return refuse(p, reason, detail);
}

/* Of a node itself: its own address, or whatever the world sends by way of it. */
static __always_inline int believe_node(struct packet *p, const struct side *known, __be32 outer_be)
{
	if (!(known->flags & IPCACHE_NODE) || known->tunnel_be != outer_be)
		return disbelieve(p, DISAGREE_NODE, DROP_SOURCE_IP, DETAIL_CLAIMS_NODE);
	p->from = *known;
	return 0;
}

static __always_inline int believe_world(struct packet *p, const struct side *known)
{
	if (known->flags & IPCACHE_NODE) {
		p->from.identity = IDENTITY_WORLD;
		p->from.peer = IDENTITY_WORLD;
		return 0;
	}
	if (known->tunnel_be || is_pods(known->identity))
		return disbelieve(p, DISAGREE_POD, DROP_SOURCE_IP, DETAIL_CLAIMS_POD);
	p->from.identity = known->identity;
	p->from.peer = known->peer;
	return 0;
}

static __always_inline int believe_pod(struct packet *p, const struct side *known, __be32 outer_be,
				       __u32 told)
{
	if (known->flags & IPCACHE_NODE)
		return disbelieve(p, DISAGREE_NODE, DROP_SOURCE_IP, DETAIL_CLAIMS_NODE);
	if (known->tunnel_be && known->tunnel_be != outer_be)
		return disbelieve(p, DISAGREE_POD, DROP_SOURCE_IP, DETAIL_CLAIMS_POD);
	if (known->flags & IPCACHE_POD && known->identity != told)
		count_disagreement(DISAGREE_IDENTITY);
	p->from.identity = told;
	p->from.peer = known->identity == told ? known->peer : told;
	return 0;
}

/* Who sends, as far as we believe it: 0 with p->from, or a drop reason. */
VERIFIED_ONCE int believe(struct packet *p, __u32 outer_be, __u32 told)
{
	struct side known;

	if (!p)
		return DROP_INVALID_PACKET;
	find_remote(outer_be, &known);
	if (!(known.flags & IPCACHE_NODE) || known.tunnel_be != outer_be)
		return disbelieve(p, DISAGREE_SENDER, DROP_IDENTITY, DETAIL_NOT_A_NODE);
	__u32 inner_be = p->tuple.source.words_be[3];
	if (find_endpoint(inner_be))
		return disbelieve(p, DISAGREE_POD, DROP_SOURCE_IP, DETAIL_CLAIMS_ENDPOINT);
	find_remote(inner_be, &known);
	if (known.identity == IDENTITY_HOST)
		return disbelieve(p, DISAGREE_NODE, DROP_SOURCE_IP, DETAIL_CLAIMS_HOST);
	__builtin_memset(&p->from, 0, sizeof(p->from));
	p->from.tunnel_be = outer_be;
	if (told == IDENTITY_REMOTE_NODE)
		return believe_node(p, &known, outer_be);
	if (told == IDENTITY_WORLD)
		return believe_world(p, &known);
	if (!is_pods(told) && told != IDENTITY_HEALTH && told != IDENTITY_INIT)
		return disbelieve(p, DISAGREE_HEADER, DROP_IDENTITY, DETAIL_HEADER);
	return believe_pod(p, &known, outer_be, told);
}

/* For a pod of this node, or for the node itself, which goes on to nobody else. */
VERIFIED_ONCE int decide_from_overlay(struct __sk_buff *skb, struct packet *p, __u32 outer_be,
				      __u32 told)
{
	__u64 revision = current_revision();
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	reason = believe(p, outer_be, told);
	if (!reason)
		reason = resolve(p, &p->tuple.destination, &p->to, DROP_NO_ENDPOINT);
	if (!reason && !p->to.id && p->to.identity != IDENTITY_HOST)
		reason = DROP_NO_ENDPOINT;
	if (!reason && p->to.id && p->ttl <= 1)
		reason = DROP_TTL;
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	if (!p->to.id)
		return TC_ACT_OK;
	return decide_packet(skb, p, revision, true);
}

/* Whether a node sent it in a pod's place, to see where it comes out: the frame's destination says
 * so, which a pod cannot choose. */
static __always_inline bool is_traced(const struct ethhdr *ethernet)
{
	return *(const __be32 *)ethernet->h_dest == bpf_htonl(TRACED_MAC);
}

/* trace.h; the number is the frame's. */
int trace_from_overlay(struct __sk_buff *skb, struct packet *p, __u32 outer_be, __u32 told);

static __always_inline int check_inner(struct __sk_buff *skb, struct packet *p)
{
	struct ethhdr *ethernet;
	int reason;

	make_linear(skb, HEADERS_COMMON);
	ethernet = data_of(skb);
	if ((void *)(ethernet + 1) > end_of(skb))
		return refuse(p, DROP_INVALID_PACKET, DETAIL_TRUNCATED);
	p->traced = is_traced(ethernet);
	reason = parse_ether_type(skb, p, ethernet->h_proto);
	return reason ?: parse_ipv4(skb, p);
}

/* An ICMP error from the node behind which a connection's other end is, or from that end. */
VERIFIED_ONCE int admit_overlay_error(struct __sk_buff *skb, struct packet *p, __u32 outer_be)
{
	const struct endpoint *self = NULL, *peer = NULL;
	const struct conntrack *connection;
	__u32 ref;

	if (!p)
		return TC_ACT_SHOT;
	ref = find_endpoint(p->tuple.destination.words_be[3]);
	if (ref)
		self = endpoint_at(ref & 0xffff);
	if (!self)
		return drop(skb, p, DROP_NO_ENDPOINT, DIRECTION_INGRESS);
	connection = related_connection(skb, p, self, ref & 0xffff, &peer);
	if (!connection || connection->tunnel_be != outer_be)
		return drop(skb, p, DROP_NO_CONNECTION, DIRECTION_INGRESS);
	if (p->ttl <= 1)
		return drop(skb, p, DROP_TTL, DIRECTION_INGRESS);
	trace(skb, p, TRACE_RELATED);
	if (p->answers && error_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_endpoint(skb, p, self);
}

/* The endpoint that a standing connection's packet is for, if its verdict stands and rests on what
 * the header says today. */
static __always_inline const struct endpoint *standing_for(const struct conntrack *connection,
							   const struct packet *p, __u64 decided,
							   bool source_is_hi, __u32 outer_be,
							   __u32 told)
{
	__u32 id = source_is_hi ? connection->lo_endpoint : connection->hi_endpoint;
	__u32 identity = source_is_hi ? connection->hi_identity : connection->lo_identity;
	const struct endpoint *self = endpoint_at(id), *peer;

	if (connection->expires <= p->now || connection->tunnel_be != outer_be ||
	    identity_on_the_wire(identity) != told || !self)
		return NULL;
	if (!stands(connection, decided, !source_is_hi, id, self, &peer) || peer ||
	    begins_anew(connection, p, is_reply(connection, source_is_hi)))
		return NULL;
	return self;
}

static __always_inline int admit_overlay_standing(struct __sk_buff *skb, struct packet *p,
						  struct conntrack *connection, __u64 decided,
						  bool source_is_hi, const struct endpoint *self)
{
	__u32 told;

	if (p->ttl <= 1) {
		set_ends(p, connection, source_is_hi);
		return drop(skb, p, DROP_TTL, DIRECTION_INGRESS);
	}
	told = observe(connection, p, skb->len, is_reply(connection, source_is_hi));
	if (!passes(decided))
		return drop_standing(skb, p, connection, source_is_hi);
	if (told)
		trace_standing(skb, p, connection, source_is_hi, told);
	if (answers_service(connection, source_is_hi) && answer_by_frontend(skb, p, connection))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	return deliver_to_endpoint(skb, p, self);
}

/* Who the header names: 0, or a drop reason. The key lies in a frame of its own (STACK). */
VERIFIED_ONCE int read_tunnel_key(struct __sk_buff *skb, struct packet *p)
{
	struct bpf_tunnel_key tunnel = {};

	if (!p)
		return DROP_NO_TUNNEL_KEY;
	if (bpf_skb_get_tunnel_key(skb, &tunnel, sizeof(tunnel), 0))
		return DROP_NO_TUNNEL_KEY;
	p->from.identity = tunnel.tunnel_id;
	p->from.tunnel_be = bpf_htonl(tunnel.remote_ipv4);
	return 0;
}

SEC("tc")
int from_overlay(struct __sk_buff *skb)
{
	struct packet *p = begin_packet();
	struct conntrack_key key;
	struct conntrack *connection;
	const struct endpoint *self;
	int reason;

	if (!p)
		return TC_ACT_SHOT;
	skb->mark = 0;
	reason = read_tunnel_key(skb, p);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	__u32 told = p->from.identity;
	__u32 outer_be = p->from.tunnel_be;
	reason = check_inner(skb, p);
	if (reason)
		return drop(skb, p, reason, DIRECTION_INGRESS);
	p->to_pod = true;
	if (p->traced)
		return trace_from_overlay(skb, p, outer_be, told);
	if (config.report_received)
		trace_received(skb, p, TRACE_FROM_OVERLAY);
	p->now = bpf_ktime_get_coarse_ns();
	if (config.nat_ports && p->tuple.destination.words_be[3] == config.node_be &&
	    (is_icmp_error(p) ||
	     (p->parsed & EVENT_HAS_PORTS && p->tuple.protocol != IPPROTO_ICMP))) {
		__u32 nat = (__u16)unmask(skb);

		if (nat)
			return answer_outside(skb, p, nat, outer_be);
	}
	if (is_icmp_error(p) && find_endpoint(p->tuple.destination.words_be[3]))
		return admit_overlay_error(skb, p, outer_be);
	bool source_is_hi = make_key(&p->tuple, &key);
	connection = bpf_map_lookup_elem(&conntrack_map, &key);
	if (connection) {
		__u64 decided = *(volatile __u64 *)&connection->decided;

		self = standing_for(connection, p, decided, source_is_hi, outer_be, told);
		if (self)
			return admit_overlay_standing(skb, p, connection, decided, source_is_hi,
						      self);
	}
	if (decide_from_overlay(skb, p, outer_be, told) != TC_ACT_OK)
		return TC_ACT_SHOT;
	if (!p->to.id)
		return deliver_to_stack(skb, p);
	if (p->answers && answer_decided(skb, p))
		return drop(skb, p, DROP_INVALID_PACKET, DIRECTION_INGRESS);
	self = endpoint_at(p->to.id);
	if (!self)
		return drop(skb, p, DROP_NO_ENDPOINT, DIRECTION_INGRESS);
	return deliver_to_endpoint(skb, p, self);
}

/*
 * From the stack to who is behind another node. A pod's packets never come this way, since
 * from_pod sends them by itself; what another node sent is not sent on to a third.
 */
VERIFIED_ONCE int host_to_overlay(struct __sk_buff *skb, struct packet *p)
{
	if (!p)
		return TC_ACT_SHOT;
	__u32 source_be = p->tuple.source.words_be[3], tunnel_be = p->to.tunnel_be;
	if (find_endpoint(source_be)) {
		p->detail = DETAIL_CLAIMS_ENDPOINT;
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_EGRESS);
	}
	find_remote(source_be, &p->from);
	if (p->from.identity == IDENTITY_HOST) {
		if (!skb->ingress_ifindex)
			return encapsulate(skb, p, IDENTITY_HOST, tunnel_be);
		p->detail = DETAIL_CLAIMS_HOST;
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_EGRESS);
	}
	if (p->from.tunnel_be || p->from.flags & IPCACHE_NODE) {
		p->detail = DETAIL_CLAIMS_POD;
		return drop(skb, p, DROP_SOURCE_IP, DIRECTION_EGRESS);
	}
	return encapsulate(skb, p, IDENTITY_WORLD, tunnel_be);
}

#endif
