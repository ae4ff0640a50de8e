/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A packet that no standing verdict covers: the slow way. */
#ifndef DECIDE_H
#define DECIDE_H

#include "conntrack.h"
#include "masquerade.h"
#include "resolve.h"

/* The direction that a packet has for the endpoint that the program runs for. */
static __always_inline __u32 direction_of(const struct packet *p)
{
	return p->to_pod ? DIRECTION_INGRESS : DIRECTION_EGRESS;
}

static __always_inline void tell_beginning(struct __sk_buff *skb, struct packet *p,
					   const struct decision *decision)
{
	struct event_verdict egress = told_verdict(&decision->egress, DIRECTION_EGRESS);
	struct event_verdict ingress = told_verdict(&decision->ingress, DIRECTION_INGRESS);

	p->rule = ingress.direction ? ingress.rule : egress.rule;
	trace_connection(skb, p, &egress, &ingress);
}

/* `replaces`: there was an entry, whose slot the connection inherits. If it has just been
 * collected, the connection needs one of its own. */
static __always_inline int remember_connection(const struct packet *p,
					       const struct decision *decision, __u64 revision,
					       bool replaces)
{
	int slot;

	if (replaces && !add_connection(p, decision, revision, SLOT_OF_OLD))
		return 0;
	slot = find_slot(p->now);
	return slot < 0 ? DROP_CONNTRACK_FULL : add_connection(p, decision, revision, slot);
}

static __always_inline int begin_connection(struct __sk_buff *skb, struct packet *p,
					    const struct decision *decision, __u64 revision,
					    bool replaces)
{
	int reason = masquerade(p);

	if (!reason)
		reason = remember_connection(p, decision, revision, replaces);
	if (!reason && p->service)
		reason = remember_flow();
	if (!reason) {
		tell_beginning(skb, p, decision);
		return TC_ACT_OK;
	}
	report_decision(skb, p, decision);
	return drop(skb, p, reason, direction_of(p));
}

/* What an entry means for a packet whose ends are known. */
enum standing {
	STANDING_NONE,	    /* there is none */
	STANDING_VOID,	    /* it is over, or of others: the packet begins a connection */
	STANDING_ONWARDS,   /* the packet is one of it, from who began it */
	STANDING_BACKWARDS, /* and from who was called */
};

static __always_inline enum standing standing_of(const struct conntrack *old,
						 const struct packet *p, bool source_is_hi)
{
	bool reply;

	if (!old)
		return STANDING_NONE;
	if (old->expires <= p->now || !same_ends(old, p, source_is_hi))
		return STANDING_VOID;
	reply = is_reply(old, source_is_hi);
	if (begins_anew(old, p, reply))
		return STANDING_VOID;
	return reply ? STANDING_BACKWARDS : STANDING_ONWARDS;
}

/* Whether a packet is on another way to the same end as the connection that it would be one of. */
static __always_inline bool is_mixed(const struct conntrack *connection, const struct packet *p)
{
	return p->service != (connection->flags & CONNTRACK_SERVICE ? connection->service : 0);
}

static __always_inline int drop_mixed(struct __sk_buff *skb, struct packet *p)
{
	p->detail = p->service ? DETAIL_SERVICE_TAKEN : DETAIL_SERVICE_PAST;
	return drop(skb, p, DROP_NO_BACKEND, direction_of(p));
}

/*
 * Judges a packet by today's tables: TC_ACT_OK, or TC_ACT_SHOT with everything said. A connection
 * with the same ends is decided again in the direction of who began it; an entry of other ends is
 * inherited by nobody. `known`: there was an entry a moment ago. What is refused leaves an old
 * entry as it is, what is granted replaces it.
 */
static __always_inline int decide_packet(struct __sk_buff *skb, struct packet *p, __u64 revision,
					 __u32 known)
{
	struct conntrack_key key;
	bool source_is_hi = make_key(&p->tuple, &key);
	const struct conntrack *old = known ? bpf_map_lookup_elem(&conntrack_map, &key) : NULL;
	enum standing standing = standing_of(old, p, source_is_hi);
	__u8 before = old && standing >= STANDING_ONWARDS ? old->decided : VERDICT_NONE;
	struct decision decision;

	p->length = skb->len;
	if (standing < STANDING_ONWARDS && p->tuple.icmp_answer) {
		p->detail = DETAIL_ICMP_UNRELATED;
		return drop(skb, p, DROP_NO_CONNECTION, direction_of(p));
	}
	if (old && standing == STANDING_ONWARDS && is_mixed(old, p))
		return drop_mixed(skb, p);
	if (old && standing == STANDING_BACKWARDS && old->flags & CONNTRACK_SERVICE) {
		p->service = old->service;
		p->answers = true;
		if (!p->to.id) /* who called from outside */
			p->to.tunnel_be = 0;
	}
	decide(p, standing == STANDING_BACKWARDS, &decision);
	if (standing < STANDING_ONWARDS && !reason_of(&decision)) {
		if (old && old->nat)
			forget_nat(old, &key);
		if (old && old->flags & CONNTRACK_SERVICE)
			forget_flow(old, &key);
		return begin_connection(skb, p, &decision, revision, standing == STANDING_VOID);
	}
	if (standing >= STANDING_ONWARDS) {
		p->nat = old ? old->nat : 0;
		redecide_connection(p, &decision, revision);
	}
	if (before != verdict_of(&decision))
		report_decision(skb, p, &decision);
	if (!reason_of(&decision))
		return TC_ACT_OK;
	/* Where nothing is in place yet there is nothing to tell of: it passes in a moment. */
	if (standing != STANDING_BACKWARDS && !decision.egress.detail)
		p->refused = decision.egress.reason;
	return drop_refused(skb, p, &decision);
}

/* The two ends as a connection's entry has them, for what is told of it. */
static __always_inline void set_ends(struct packet *p, const struct conntrack *connection,
				     bool source_is_hi)
{
	struct side *lo = source_is_hi ? &p->to : &p->from;
	struct side *hi = source_is_hi ? &p->from : &p->to;

	lo->id = connection->lo_endpoint;
	lo->identity = connection->lo_identity;
	hi->id = connection->hi_endpoint;
	hi->identity = connection->hi_identity;
	if (connection->flags & CONNTRACK_REMOTE)
		(lo->id ? hi : lo)->tunnel_be = connection->tunnel_be;
}

static __always_inline bool passes(__u64 decided)
{
	return (__u8)decided == VERDICT_ALLOW || (__u8)decided == VERDICT_AUDIT;
}

/* A packet of a connection whose standing verdict refuses it. */
VERIFIED_ONCE int drop_standing(struct __sk_buff *skb, struct packet *p,
				const struct conntrack *connection, __u32 source_is_hi)
{
	if (!p || !connection)
		return TC_ACT_SHOT;
	bool egress = connection->flags & CONNTRACK_REFUSED_EGRESS;

	set_ends(p, connection, source_is_hi);
	if (connection->flags & CONNTRACK_SERVICE)
		p->service = connection->service;
	p->rule = egress ? connection->egress_rule : connection->ingress_rule;
	return drop(skb, p, connection->drop_reason, egress ? DIRECTION_EGRESS : DIRECTION_INGRESS);
}

VERIFIED_ONCE int trace_standing(struct __sk_buff *skb, struct packet *p,
				 const struct conntrack *connection, __u32 source_is_hi,
				 __u32 reason)
{
	if (!p || !connection)
		return 0;
	set_ends(p, connection, source_is_hi);
	p->nat = connection->nat;
	if (connection->flags & CONNTRACK_SERVICE)
		p->service = connection->service;
	p->rule = connection->flags & CONNTRACK_REMOTE && connection->egress_rule
		      ? connection->egress_rule
		      : connection->ingress_rule;
	return trace(skb, p, reason);
}

#endif
