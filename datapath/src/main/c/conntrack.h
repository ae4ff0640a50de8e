/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Connections: their key, their states, and the verdict that each carries. */
#ifndef CONNTRACK_H
#define CONNTRACK_H

#include "policy.h"
#include "slots.h"

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_ACK = 16,
};

/* Orders IPv4 as mapped addresses compare. Returns whether the source is `hi`. */
static __always_inline bool make_key(const struct tuple *tuple, struct conntrack_key *key)
{
	__u32 source = bpf_ntohl(tuple->source.words_be[3]);
	__u32 destination = bpf_ntohl(tuple->destination.words_be[3]);
	bool hi = source > destination ||
		  (source == destination &&
		   bpf_ntohs(tuple->source_port_be) > bpf_ntohs(tuple->destination_port_be));

	key->lo = hi ? tuple->destination : tuple->source;
	key->hi = hi ? tuple->source : tuple->destination;
	key->lo_port_be = hi ? tuple->destination_port_be : tuple->source_port_be;
	key->hi_port_be = hi ? tuple->source_port_be : tuple->destination_port_be;
	key->protocol = tuple->protocol;
	key->flags = tuple->icmp_request;
	if (tuple->icmp_request && hi != tuple->icmp_answer)
		key->flags |= CONNTRACK_KEY_HI_ASKED;
	key->network = POD_NETWORK;
	return hi;
}

static __always_inline __u64 timeout_of(__u8 protocol, __u8 state)
{
	if (protocol == IPPROTO_ICMP)
		return config.icmp;
	if (protocol != IPPROTO_TCP)
		return state == CONNTRACK_NEW ? config.other_new : config.other_established;
	if (state == CONNTRACK_ESTABLISHED)
		return config.tcp_established;
	if (state == CONNTRACK_NEW)
		return config.tcp_new;
	return state == CONNTRACK_CLOSING ? config.tcp_closing : config.tcp_closed;
}

static __always_inline bool is_reply(const struct conntrack *connection, bool source_is_hi)
{
	return source_is_hi != ((connection->flags & CONNTRACK_HI_BEGAN) != 0);
}

/* A SYN never rides on what another one was granted: not back, and not after the end. */
static __always_inline bool begins_anew(const struct conntrack *connection, const struct packet *p,
					bool reply)
{
	if (p->tuple.protocol != IPPROTO_TCP || (p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	return reply || connection->tcp_state == CONNTRACK_CLOSED;
}

static __always_inline __u8 seen_of(__u8 tcp_flags)
{
	return (tcp_flags & TCP_SYN ? CONNTRACK_SEEN_SYN : 0) |
	       (tcp_flags & TCP_FIN ? CONNTRACK_SEEN_FIN : 0) |
	       (tcp_flags & TCP_RST ? CONNTRACK_SEEN_RST : 0);
}

static __always_inline __u8 tcp_state_after(__u8 seen, __u8 state)
{
	__u8 both = seen & (seen >> 4), either = seen | (seen >> 4);

	if (both & CONNTRACK_SEEN_FIN || either & CONNTRACK_SEEN_RST)
		return CONNTRACK_CLOSED;
	return either & CONNTRACK_SEEN_FIN ? CONNTRACK_CLOSING : state;
}

/*
 * Takes a packet into account; returns whether it is the first answer. Counts and states are
 * stored without a lock, and through a pointer that might by now be another connection's: they may
 * be off by a few. INVARIANT: `decided` and what it rests on are never stored so.
 */
static __always_inline bool update_connection(struct conntrack *connection, const struct packet *p,
					      __u32 length, bool reply)
{
	__u8 state = connection->tcp_state;
	bool first = reply && !(connection->flags & CONNTRACK_REPLY_SEEN);

	if (first) {
		connection->flags |= CONNTRACK_REPLY_SEEN;
		if (state == CONNTRACK_NEW)
			state = CONNTRACK_ESTABLISHED;
	}
	if (p->tcp_flags & (TCP_FIN | TCP_SYN | TCP_RST)) {
		__u8 flags = seen_of(p->tcp_flags) << (reply ? 4 : 0);
		__u8 seen = connection->tcp_flags_seen;

		if (flags & ~seen)
			connection->tcp_flags_seen = seen | flags;
		state = tcp_state_after(seen | flags, state);
	}
	if (state != connection->tcp_state)
		connection->tcp_state = state;
	connection->expires = p->now + timeout_of(p->tuple.protocol, state);
	if (reply) {
		connection->packets[1]++;
		connection->bytes[1] += length;
	} else {
		connection->packets[0]++;
		connection->bytes[0] += length;
	}
	return first;
}

static __always_inline void set_told(struct conntrack *connection, const struct packet *p,
				     __u32 way)
{
	connection->told_at[way] = p->now >> REPORT_TICK_SHIFT;
	connection->flags_told[way] |= p->tcp_flags & config.report_flags;
	connection->packets_told[way] = connection->packets[way];
}

/*
 * Takes a packet of a standing connection into account; returns the reason to tell of it, or 0.
 * What is told stands for all packets of its direction since the last time. A report that only
 * says that there is more of the same waits while readers are behind: its packets are in the next.
 */
static __always_inline __u32 observe(struct conntrack *connection, struct packet *p, __u32 length,
				     bool reply)
{
	bool first = update_connection(connection, p, length, reply);
	__u32 way = reply ? 1 : 0;
	__u16 since = (__u16)(p->now >> REPORT_TICK_SHIFT) - connection->told_at[way];

	if (!first && !(p->tcp_flags & config.report_flags & ~connection->flags_told[way]) &&
	    (since < config.report_ticks || readers_are_behind()))
		return 0;
	p->count = (__u32)connection->packets[way] - connection->packets_told[way];
	set_told(connection, p, way);
	return reply ? TRACE_REPLY : TRACE_ESTABLISHED;
}

/*
 * Whether a connection's verdict still stands: its ends are who they were, and nothing that it
 * rests on has changed since. `self` is the end that the program runs for; *peer becomes the other
 * end, NULL where that is no endpoint of this node.
 */
static __always_inline bool stands(const struct conntrack *connection, __u64 decided,
				   bool self_is_hi, __u32 self_id, const struct endpoint *self,
				   const struct endpoint **peer)
{
	__u64 revision = decided >> 8;
	__u32 id = self_is_hi ? connection->hi_endpoint : connection->lo_endpoint;
	__u32 generation = self_is_hi ? connection->hi_generation : connection->lo_generation;
	__u32 peer_id = self_is_hi ? connection->lo_endpoint : connection->hi_endpoint;
	const struct endpoint *other;

	*peer = NULL;
	if (id != self_id || generation != self->generation || revision < self->revision)
		return false;
	if (!peer_id)
		return revision >= remote_revision();
	generation = self_is_hi ? connection->lo_generation : connection->hi_generation;
	other = endpoint_at(peer_id);
	if (!other || generation != other->generation || revision < other->revision)
		return false;
	*peer = other;
	return true;
}

/* Both ends are the endpoints that they were, by id and generation. */
static __always_inline bool same_ends(const struct conntrack *connection, const struct packet *p,
				      bool source_is_hi)
{
	const struct side *lo = source_is_hi ? &p->to : &p->from;
	const struct side *hi = source_is_hi ? &p->from : &p->to;

	return connection->lo_endpoint == lo->id && connection->lo_generation == lo->generation &&
	       connection->hi_endpoint == hi->id && connection->hi_generation == hi->generation;
}

/* What a decision leaves in a connection. INVARIANT: `connection` is not in the map. */
static __always_inline void set_decision(struct conntrack *connection, const struct packet *p,
					 const struct decision *decision, __u64 revision,
					 bool source_is_hi)
{
	const struct side *lo = source_is_hi ? &p->to : &p->from;
	const struct side *hi = source_is_hi ? &p->from : &p->to;
	__u8 flags =
	    connection->flags & (CONNTRACK_HI_BEGAN | CONNTRACK_REPLY_SEEN | CONNTRACK_SERVICE);

	if (!lo->id || !hi->id)
		flags |= CONNTRACK_REMOTE;
	if ((!lo->id && lo->identity == IDENTITY_HOST) ||
	    (!hi->id && hi->identity == IDENTITY_HOST))
		flags |= CONNTRACK_HOST;
	if (reason_of(decision))
		flags |=
		    decision->egress.reason ? CONNTRACK_REFUSED_EGRESS : CONNTRACK_REFUSED_INGRESS;
	connection->decided = revision << 8 | verdict_of(decision);
	connection->lo_identity = lo->identity;
	connection->hi_identity = hi->identity;
	connection->egress_rule = decision->egress.rule;
	connection->ingress_rule = decision->ingress.rule;
	connection->flags = flags;
	connection->drop_reason = reason_of(decision);
	connection->tunnel_be = lo->id ? 0 : lo->tunnel_be;
	if (!hi->id && hi->tunnel_be)
		connection->tunnel_be = hi->tunnel_be;
}

/* The connection came by a service: who was called is in the translation. */
static __always_inline void set_frontend(struct conntrack *connection, __u32 service)
{
	const struct translation *t = translation();

	if (!t)
		return;
	connection->flags |= CONNTRACK_SERVICE;
	connection->service = service;
	connection->frontend = t->key.frontend;
	connection->frontend_port_be = t->key.frontend_port_be;
}

static __always_inline struct conntrack *scratch_connection(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&conntrack_scratch, &zero);
}

/* Remembers a connection in a slot claimed for it, or in that of the entry in whose place it comes:
 * 0, or a drop reason. */
VERIFIED_ONCE int add_connection(const struct packet *p, const struct decision *decision,
				 __u64 revision, __u32 slot)
{
	struct conntrack *connection = scratch_connection();
	struct conntrack_key key;

	if (!p || !decision || !connection)
		return DROP_CONNTRACK_FULL;
	bool source_is_hi = make_key(&p->tuple, &key);
	const struct side *lo = source_is_hi ? &p->to : &p->from;
	const struct side *hi = source_is_hi ? &p->from : &p->to;
	__builtin_memset(connection, 0, sizeof(*connection));
	connection->began_at = p->now;
	connection->lo_endpoint = lo->id;
	connection->hi_endpoint = hi->id;
	connection->lo_generation = lo->generation;
	connection->hi_generation = hi->generation;
	connection->flags = source_is_hi ? CONNTRACK_HI_BEGAN : 0;
	connection->nat = p->nat;
	if (p->service)
		set_frontend(connection, p->service);
	set_decision(connection, p, decision, revision, source_is_hi);
	update_connection(connection, p, p->length, false);
	set_told(connection, p, 0);
	if (slot == SLOT_OF_OLD)
		return bpf_map_update_elem(&conntrack_map, &key, connection, BPF_EXIST)
			   ? DROP_CONNTRACK_FULL
			   : 0;
	return insert_connection(&key, connection, slot, p->from.id ? p->from.id : p->to.id,
				 p->now);
}

/*
 * Stores what was decided anew. By key, not through a pointer: a deleted entry's memory may
 * already be another connection's, which must not get this one's verdict.
 */
VERIFIED_ONCE int redecide_connection(const struct packet *p, const struct decision *decision,
				      __u64 revision)
{
	struct conntrack *connection = scratch_connection();
	struct conntrack_key key;
	const struct conntrack *old;

	if (!p || !decision || !connection)
		return 0;
	bool source_is_hi = make_key(&p->tuple, &key);
	old = bpf_map_lookup_elem(&conntrack_map, &key);
	if (!old || !same_ends(old, p, source_is_hi))
		return 0; /* gone meanwhile: the next packet is a new one */
	*connection = *old;
	set_decision(connection, p, decision, revision, source_is_hi);
	update_connection(connection, p, p->length, is_reply(connection, source_is_hi));
	return bpf_map_update_elem(&conntrack_map, &key, connection, BPF_EXIST);
}

#endif
